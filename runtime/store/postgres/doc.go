// Package postgres keeps sagas in a PostgreSQL database.
//
// It works on the program's own pool of connections. Its tables are called saga_something, and are in a schema of the program's choice:
//
//	pool, err := pgxpool.New(ctx, "postgres://…")
//	…
//	sagas, err := postgres.Open(ctx, pool, postgres.Config{})
//
// # What it needs
//
// PostgreSQL 13 or later, the primary and not a standby, with fsync and full_page_writes on, and a database in UTF-8. Open
// refuses what can't promise to keep what is written. If synchronous_commit is off for a connection, the
// store turns it on for its own transactions. To reach the primary of several servers, give the pool a
// connection string with target_session_attrs=read-write: a standby lags behind, and would answer with what was.
//
// # How it shares the database
//
// Nothing is held between calls: no connection, no transaction, no session state; and no prepared statement, unless a connection goes to the server
// itself, and pgx prepares what is sent in this pool. So it
// works behind a pooler in transaction mode, Watch excepted, which says so. Creating and appending use Config.Writers connections at the same time, and everything
// else Config.Others; Watch has one that isn't the pool's. While the writers are at work, what comes gathers, and is committed together by the next of them.
// A call that meets no other waits for none.
//
// A program that calls the store while it holds the last connection of the pool waits for itself.
package postgres
