// Package sqlite keeps sagas in an SQLite database.
//
// It works on the program's own *sql.DB, with whichever SQLite driver that was opened with; it imports none. Its tables
// are called saga_something, and may be in one file with the program's own:
//
//	db, err := sql.Open("sqlite", "app.db") // import _ "modernc.org/sqlite"
//	…
//	sagas, err := sqlite.Open(ctx, db)
//
// # What it needs
//
// A file on a local disk, that can be written to, and SQLite 3.51.3 or later: versions before that can corrupt
// a database in WAL mode. Open puts the file in WAL mode. Whenever the store takes a connection from the pool to write, it sees to it that
// the connection has synchronous=FULL or EXTRA, and leaves it so; without that a commit may be lost with the machine.
// A database that can't promise it is refused.
//
// # How it writes
//
// Writes of a Store run one transaction at a time. All that wait when one begins, up to a bound, go into it and share its commit. Each
// call returns its own result, after that commit: what one of them is refused, or breaks, doesn't touch the others. A
// write that comes when none is under way begins at once. If a commit itself fails, it is unknown for all in it whether they had an effect.
//
// An append is mostly one statement, which asks who owns the saga and which event is next, and writes one row with all events of the
// append, packed. Only if the state changes, or the owner is called, is the record written too, with the index that says what is open. To
// renew the leases of an owner is to write one row. Each part of that is there because it was a large part of the
// time that a saga takes of the processor, which is what limits many sagas at once; one alone waits for the disk.
//
// # How it reads
//
// What is read of a single saga shares transactions, as writes do. What may be long, a list, has a connection of its own, and is broken off when
// the context ends.
//
// # How it shares the database
//
// A call takes one connection from the pool, and gives it back when it is done; those that share a transaction share
// one. Nothing is held between calls. So a pool of any size will do, one connection included. But
// a program that calls the store while it holds the last connection, in a transaction of its own say, waits for itself.
//
// Several processes may work on one file. While another one writes, a write waits, until its context ends.
package sqlite
