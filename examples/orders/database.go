package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	modernc "modernc.org/sqlite" // and the driver "sqlite"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// databases is where this process keeps things.
type databases struct {
	name   string
	sagas  store.Store
	ledger *ledger.Ledger
	lease  time.Duration
	close  func() error
}

func open(ctx context.Context, o options) (databases, error) {
	if o.postgres != "" {
		return openPostgres(ctx, o)
	}
	return openSQLite(ctx, o)
}

// openSQLite opens the file for one process, which takes over at once what the one before it has left: there are no leases.
func openSQLite(ctx context.Context, o options) (d databases, err error) {
	// On Linux, commits cost less with it, and are as durable. Where it isn't there, nothing is lost.
	_, _ = modernc.Fdatasync(true)
	// Somebody may look at the file, or copy it, meanwhile.
	db, err := sql.Open("sqlite", o.db+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return d, err
	}
	// SQLite writes one transaction at a time, so the ledger and the sagas may as well queue here, where the first comes first.
	db.SetMaxOpenConns(1)
	d = databases{name: o.db, close: db.Close}
	if d.sagas, err = sqlite.Open(ctx, db); err == nil {
		d.ledger, err = ledger.Open(ctx, db, o.latency)
	}
	if err != nil {
		db.Close()
		return d, fmt.Errorf("%s: %w", o.db, err)
	}
	return d, nil
}

// The connections of one process: the store's, which are its defaults, and the ledger's.
const (
	storeWriters, storeReadConns = 2, 4
	ledgerConnections            = 6
)

// openPostgres opens the database, which any number of processes share.
func openPostgres(ctx context.Context, o options) (d databases, err error) {
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
	d = databases{name: "PostgreSQL", lease: o.lease, close: func() error {
		defer pool.Close()
		return db.Close()
	}}
	if d.sagas, err = postgres.Open(ctx, pool, postgres.Config{Writers: storeWriters, ReadConns: storeReadConns}); err == nil {
		d.ledger, err = ledger.Open(ctx, db, o.latency)
	}
	if err != nil {
		d.close()
		return d, err
	}
	return d, nil
}
