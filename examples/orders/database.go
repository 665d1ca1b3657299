package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	modernc "modernc.org/sqlite" // also registers the driver "sqlite"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// database is the database of this process: its sagas and its ledger.
type database struct {
	name   string
	sagas  store.Store
	ledger *ledger.Ledger
	lease  time.Duration // 0 if only one process uses the database
	close  func() error
}

func open(ctx context.Context, o options) (database, error) {
	if o.postgres != "" {
		return openPostgres(ctx, o)
	}
	return openSQLite(ctx, o)
}

// openSQLite opens a file that only this process uses. There are no leases: the
// process recovers all unfinished sagas of the file when it starts.
func openSQLite(ctx context.Context, o options) (d database, err error) {
	// On Linux, fdatasync makes commits cheaper and is as durable as fsync. On
	// other systems the driver returns an error and uses fsync.
	_, _ = modernc.Fdatasync(true)
	// Another process may read the file, for example to back it up.
	db, err := sql.Open("sqlite", o.db+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return d, err
	}
	// SQLite runs one write transaction at a time. With one connection, the
	// ledger and the store wait for it in the pool, which is first come, first
	// served.
	db.SetMaxOpenConns(1)
	d = database{name: o.db, close: db.Close}
	if d.sagas, err = sqlite.Open(ctx, db); err == nil {
		d.ledger, err = ledger.Open(ctx, db, o.latency)
	}
	if err != nil {
		db.Close()
		return d, fmt.Errorf("%s: %w", o.db, err)
	}
	return d, nil
}

// Connections of one process. Those of the store are its defaults.
const (
	storeWriters, storeReadConns = 2, 4
	ledgerConnections            = 6
)

// openPostgres opens a database that any number of processes can share.
func openPostgres(ctx context.Context, o options) (d database, err error) {
	config, err := pgxpool.ParseConfig(o.postgres)
	if err != nil {
		return d, err
	}
	config.MaxConns = storeWriters + storeReadConns + ledgerConnections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return d, err
	}
	db := stdlib.OpenDBFromPool(pool)
	db.SetMaxOpenConns(ledgerConnections) // the store never waits for the ledger
	d = database{name: "PostgreSQL", lease: o.lease, close: func() error {
		defer pool.Close()
		return db.Close()
	}}
	d.sagas, err = postgres.Open(ctx, pool, postgres.Config{Writers: storeWriters, ReadConns: storeReadConns})
	if err == nil {
		d.ledger, err = ledger.Open(ctx, db, o.latency)
	}
	if err != nil {
		d.close()
		return d, err
	}
	return d, nil
}
