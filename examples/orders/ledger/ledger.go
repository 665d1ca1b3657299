// Package ledger stands in for the services of others that an order needs, and keeps their books in tables, so that what they
// did can be looked up, also after a crash.
//
// Each request is one row, by its key. The row counts how often the request came and how often it was to be undone, which is all
// that it takes to serve it once: the first time counts, and a request that comes after its undo is refused.
package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"

	"github.com/sagagen/sagagen/examples/orders/order"
)

// Ledger is all the services. Its statements are such that SQLite and PostgreSQL both know them.
type Ledger struct {
	db *sql.DB
	// latency is how long a request and its answer are on their way.
	latency time.Duration
}

var tables = []string{
	`CREATE TABLE IF NOT EXISTS shop_stock (
		sku     TEXT PRIMARY KEY,
		cents   BIGINT NOT NULL,
		initial BIGINT NOT NULL,
		on_hand BIGINT NOT NULL CHECK (on_hand >= 0)
	)`,
	`CREATE TABLE IF NOT EXISTS shop_effect (
		key      TEXT PRIMARY KEY,
		order_id TEXT NOT NULL,
		kind     TEXT NOT NULL,
		item     TEXT NOT NULL,
		amount   BIGINT NOT NULL,
		number   TEXT NOT NULL,
		done     BIGINT NOT NULL,
		undone   BIGINT NOT NULL
	)`,
	`CREATE INDEX IF NOT EXISTS shop_effect_order ON shop_effect (order_id)`,
	`INSERT INTO shop_stock (sku, cents, initial, on_hand)
		VALUES ('tea', 650, 1000000, 1000000), ('cup', 1200, 1000000, 1000000), ('anvil', 9900, 0, 0)
		ON CONFLICT (sku) DO NOTHING`,
}

// Open returns the ledger in that database, and creates its tables.
func Open(ctx context.Context, db *sql.DB, latency time.Duration) (*Ledger, error) {
	l := &Ledger{db: db, latency: latency}
	var err error
	for range 5 { // PostgreSQL lets all but one fail of those who create a table at the same time
		if err = l.createTables(ctx); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("ledger: %w", err)
}

func (l *Ledger) createTables(ctx context.Context) error {
	for _, text := range tables {
		if _, err := l.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// Service returns the application context of the actions.
func (l *Ledger) Service() *order.Service {
	return &order.Service{Warehouse: l, Bank: l, Carrier: l, Mail: l}
}

// Effect is one request that a service was asked for.
type Effect struct {
	Key    string  `json:"key"`
	Order  saga.ID `json:"-"`
	Kind   string  `json:"kind"`
	Item   string  `json:"item"`
	Amount int64   `json:"amount"`
	Number string  `json:"number"`
	// Done is how often the request came, and Undone how often it was to be undone. It stands if it was done and not undone.
	Done   int64 `json:"done"`
	Undone int64 `json:"undone"`
}

// Effects returns what the services were asked for by an order, in the order of the keys.
func (l *Ledger) Effects(ctx context.Context, id saga.ID) ([]Effect, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT key, kind, item, amount, number, done, undone FROM shop_effect WHERE order_id = $1 ORDER BY key`, id.String())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	effects := []Effect{}
	for rows.Next() {
		e := Effect{Order: id}
		if err := rows.Scan(&e.Key, &e.Kind, &e.Item, &e.Amount, &e.Number, &e.Done, &e.Undone); err != nil {
			return nil, err
		}
		effects = append(effects, e)
	}
	return effects, rows.Err()
}

// serve does what a request asks for, in one transaction, in the middle of the latency: a caller that doesn't wait for the answer
// can't tell whether it was done.
func (l *Ledger) serve(ctx context.Context, f func(*sql.Tx) error) error {
	if err := l.travel(ctx); err != nil {
		return err
	}
	tx, err := l.begin(ctx)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return l.travel(ctx)
}

// begin begins a transaction. A service whose database is away doesn't answer until it is back, or the caller gives up.
func (l *Ledger) begin(ctx context.Context) (*sql.Tx, error) {
	for {
		tx, err := l.db.BeginTx(ctx, nil)
		if err == nil {
			return tx, nil
		}
		if ended := wait(ctx, 50*time.Millisecond); ended != nil {
			return nil, fmt.Errorf("%w: %w", ended, err)
		}
	}
}

// travel takes as long as a request, or an answer, is on its way.
func (l *Ledger) travel(ctx context.Context) error { return wait(ctx, l.latency/2) }

// wait waits for so long, or until the context has ended, and returns the context's error then.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do notes a request. It sets the effect's number, which is that of the first time, and its counts. A request that was
// undone before is refused.
func do(ctx context.Context, tx *sql.Tx, service string, e *Effect) error {
	err := tx.QueryRowContext(ctx, `
		INSERT INTO shop_effect (key, order_id, kind, item, amount, number, done, undone)
		VALUES ($1, $2, $3, $4, $5, $6, 1, 0)
		ON CONFLICT (key) DO UPDATE SET done = shop_effect.done + 1
		RETURNING number, done, undone`, e.Key, e.Order.String(), e.Kind, e.Item, e.Amount, newNumber(),
	).Scan(&e.Number, &e.Done, &e.Undone)
	if err == nil && e.Undone > 0 {
		return &order.Refusal{Service: service, Reason: "the request comes after its undo"}
	}
	return err
}

// undo notes that a request is to be undone, and sets the effect's counts. There is a row afterwards even if the request never
// came, so that it is refused if it comes yet. One statement, so that of a request and its undo one is the first.
func undo(ctx context.Context, tx *sql.Tx, e *Effect) error {
	return tx.QueryRowContext(ctx, `
		INSERT INTO shop_effect (key, order_id, kind, item, amount, number, done, undone)
		VALUES ($1, $2, $3, $4, $5, '', 0, 1)
		ON CONFLICT (key) DO UPDATE SET undone = shop_effect.undone + 1
		RETURNING item, done, undone`, e.Key, e.Order.String(), e.Kind, e.Item, e.Amount,
	).Scan(&e.Item, &e.Done, &e.Undone)
}

// first reports whether the effect is done now, and was not before.
func (e *Effect) first() bool { return e.Done == 1 && e.Undone == 0 }

// reverted reports whether the effect is undone now, and was done before.
func (e *Effect) reverted() bool { return e.Done > 0 && e.Undone == 1 }

func newNumber() string { return rand.Text()[:10] }
