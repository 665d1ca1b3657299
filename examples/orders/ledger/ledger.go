// Package ledger simulates the external services of an order. It records their
// effects in tables, which survive a crash and can be inspected.
//
// Each request is one row, identified by its idempotency key. The row counts
// how often the service received the request, and how often its undo. This is
// enough to serve a request once: only the first one has an effect, and a
// request that arrives after its undo is refused.
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

// Ledger implements all services of an order. Its SQL works on SQLite and on
// PostgreSQL.
type Ledger struct {
	db *sql.DB
	// latency is the time that a request and its response take together.
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

// Open returns the ledger in a database. It creates the tables if they are
// missing.
func Open(ctx context.Context, db *sql.DB, latency time.Duration) (*Ledger, error) {
	l := &Ledger{db: db, latency: latency}
	var err error
	for range 5 { // if several processes create a table at once, PostgreSQL fails all but one
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

// Effect is one request that a service received.
type Effect struct {
	Key    string  `json:"key"`
	Order  saga.ID `json:"-"`
	Kind   string  `json:"kind"`
	Item   string  `json:"item"`
	Amount int64   `json:"amount"`
	Number string  `json:"number"`
	// Done is how often the service received the request, and Undone how often
	// it received the undo. The effect remains if Done > 0 and Undone is 0.
	Done   int64 `json:"done"`
	Undone int64 `json:"undone"`
}

// Effects returns the requests of an order, sorted by their keys.
func (l *Ledger) Effects(ctx context.Context, id saga.ID) ([]Effect, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT key, kind, item, amount, number, done, undone
		FROM shop_effect WHERE order_id = $1 ORDER BY key`, id.String())
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

// serve runs a request in one transaction, between the two halves of the
// latency. A caller that doesn't wait for the response can't know whether the
// request had an effect.
func (l *Ledger) serve(ctx context.Context, f func(*sql.Tx) error) error {
	if err := l.delay(ctx); err != nil {
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
	return l.delay(ctx)
}

// begin begins a transaction. If the database is unavailable, begin retries
// until ctx is done.
func (l *Ledger) begin(ctx context.Context) (*sql.Tx, error) {
	for {
		tx, err := l.db.BeginTx(ctx, nil)
		if err == nil {
			return tx, nil
		}
		if done := wait(ctx, 50*time.Millisecond); done != nil {
			return nil, fmt.Errorf("%w: %w", done, err)
		}
	}
}

// delay waits as long as a request or a response is on its way.
func (l *Ledger) delay(ctx context.Context) error { return wait(ctx, l.latency/2) }

// wait waits for d. It returns the error of ctx if ctx is done before.
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

// do records a request and sets the counts and the number of the effect. A
// repeated request gets the number of the first one. A request that arrives
// after its undo is refused.
func do(ctx context.Context, tx *sql.Tx, service string, e *Effect) error {
	err := tx.QueryRowContext(ctx, `
		INSERT INTO shop_effect (key, order_id, kind, item, amount, number, done, undone)
		VALUES ($1, $2, $3, $4, $5, $6, 1, 0)
		ON CONFLICT (key) DO UPDATE SET done = shop_effect.done + 1
		RETURNING number, done, undone`, e.Key, e.Order.String(), e.Kind, e.Item, e.Amount, newNumber(),
	).Scan(&e.Number, &e.Done, &e.Undone)
	if err == nil && e.Undone > 0 {
		return &order.Refusal{Service: service, Reason: "the request arrived after its undo"}
	}
	return err
}

// undo records the undo of a request and sets the counts of the effect. It
// writes a row also if the service has not received the request, so that the
// request is refused if it arrives later. It is a single statement, so a
// concurrent request comes either before or after it.
func undo(ctx context.Context, tx *sql.Tx, e *Effect) error {
	return tx.QueryRowContext(ctx, `
		INSERT INTO shop_effect (key, order_id, kind, item, amount, number, done, undone)
		VALUES ($1, $2, $3, $4, $5, '', 0, 1)
		ON CONFLICT (key) DO UPDATE SET undone = shop_effect.undone + 1
		RETURNING item, done, undone`, e.Key, e.Order.String(), e.Kind, e.Item, e.Amount,
	).Scan(&e.Item, &e.Done, &e.Undone)
}

// first reports whether this request is the first one, and is not undone.
func (e *Effect) first() bool { return e.Done == 1 && e.Undone == 0 }

// reverted reports whether this undo is the first one, and the request had an
// effect.
func (e *Effect) reverted() bool { return e.Done > 0 && e.Undone == 1 }

func newNumber() string { return rand.Text()[:10] }
