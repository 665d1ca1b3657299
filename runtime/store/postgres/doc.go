// Package postgres keeps sagas in a PostgreSQL database.
//
// Open returns the store on the program's own pool of connections:
//
//	pool, err := pgxpool.New(ctx, "postgres://…")
//	…
//	sagas, err := postgres.Open(ctx, pool, postgres.Config{})
//	…
//	coordinator, err := sec.New(sec.Config{Store: sagas, Registry: registry})
//
// The tables and functions of the store are in a schema of the program's
// choice, and their names begin with saga_.
//
// # Requirements
//
// The server must be PostgreSQL 13 or later, and the primary, not a standby. It
// must have fsync and full_page_writes on, and a database with the encoding
// UTF8. Open refuses a server that can't keep what a store promises. If
// synchronous_commit is off for a connection, the store turns it on for its own
// transactions.
//
// With several servers, give the pool a connection string with
// target_session_attrs=read-write, which selects the primary. A standby lags
// behind the primary and would return old data.
//
// # Writes
//
// Create and Append use at most Config.Writers connections at a time. While all
// of these are in use, calls wait; the next free connection then commits the
// waiting calls together, in one statement. A call that arrives alone waits for
// no other. Each call returns its own result: a call that returns an error of
// package store, or that the server rejects, has no effect on the others. If a
// commit itself fails, the outcome is unknown for every call that shares it.
//
// # Connections
//
// Apart from the connection of Watch, the store holds nothing between calls: no
// connection, no transaction and no session state. It keeps prepared statements
// only if pgx prepares the statements of the pool, and the connection goes to
// the server directly. So the store works behind a pooler in transaction mode,
// except for Watch, which returns an error there.
//
// All methods except Create, Append and Watch use at most Config.ReadConns
// connections at a time. Watch opens a connection that is not the pool's. A
// program that calls the store while it holds the last connection of the pool
// waits for itself.
package postgres
