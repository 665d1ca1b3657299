// Package sqlite keeps sagas in an SQLite database.
//
// Open returns the store in the program's own *sql.DB, whichever SQLite driver
// that was opened with. This package imports no driver:
//
//	db, err := sql.Open("sqlite", "app.db") // import _ "modernc.org/sqlite"
//	…
//	sagas, err := sqlite.Open(ctx, db)
//	…
//	coordinator, err := sec.New(sec.Config{Store: sagas, Registry: registry})
//
// The names of its tables begin with saga_, so one file can have both them and
// the program's own tables.
//
// # Requirements
//
// The database must be a writable file on a local disk. SQLite must be version
// 3.51.3 or later, since earlier versions can corrupt a database in WAL mode.
// Open puts the file into WAL mode, and refuses a database that can't keep what
// a store promises.
//
// Whenever the store takes a connection from the pool to write, it makes sure
// that the connection has synchronous=FULL or EXTRA, and leaves it so. With
// less, a crash of the machine could lose commits.
//
// # Writes
//
// A Store runs its writes in one transaction at a time. All writes that wait
// when a transaction begins join it, up to a limit, and share its commit. A
// write that arrives when no transaction runs begins one at once. Each call
// returns its own result after the commit: a write that returns an error has no
// effect on the others. If the commit itself fails, the outcome is unknown for
// every call that shares it.
//
// An append is usually one statement. It checks the saga's generation and the
// number of the next event, and inserts one row with all events of the append.
// Only an append that changes the state, or notifies the owner, also writes the
// record and its indexes. A renewal of an owner's leases writes one row. When
// many sagas run at once, the processor is the limit and each of these measures
// saves a large part of its time. A single saga waits for the disk.
//
// # Reads
//
// Reads of single sagas share transactions, as writes do. A list, which may
// take long, uses a connection of its own and is interrupted when its context
// ends.
//
// # Connections
//
// A call takes one connection from the pool and returns it when it is done;
// calls that share a transaction share one. The store holds no connection
// between calls. So a pool of any size works, even of a single connection. But
// a program that calls the store while it holds the last connection of the
// pool, for example in a transaction of its own, waits for itself.
//
// Several processes may use the same file. While another process writes, a
// write waits until its context ends.
package sqlite
