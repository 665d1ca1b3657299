package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// operation is what is done in a transaction. Its first statement must be one that writes: that takes
// the write lock before anything is read, as BEGIN IMMEDIATE would, which database/sql can't be told to send. It must keep nothing of its caller's,
// who may have gone, and may be run again after the database was locked.
type operation func(context.Context, *sql.Tx) error

// writer runs the writes of a Store, one after the other. All of them pass here. They run in a goroutine of
// the writer's, which ends when no more are waiting, so that a caller whose context ends needn't wait for the disk.
type writer struct {
	db *sql.DB

	mu      sync.Mutex
	queue   []*request // oldest first
	running bool       // whether the goroutine runs
}

// request is a write that a caller waits for.
type request struct {
	ctx    context.Context
	op     operation
	result chan error // holds the result, so that the writer doesn't wait for a caller who has gone
}

// write runs op in a transaction of its own. When it returns nil, that is on disk.
func (w *writer) write(ctx context.Context, op operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{ctx: ctx, op: op, result: make(chan error, 1)}
	w.mu.Lock()
	w.queue = append(w.queue, r)
	start := !w.running
	w.running = true
	w.mu.Unlock()
	if start {
		go w.run()
	}
	select {
	case err := <-r.result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w while waiting for the database", ctx.Err())
	}
}

// run serves the queue until it is empty.
func (w *writer) run() {
	for {
		w.mu.Lock()
		if len(w.queue) == 0 {
			w.queue, w.running = nil, false
			w.mu.Unlock()
			return
		}
		r := w.queue[0]
		w.queue[0] = nil
		w.queue = w.queue[1:]
		w.mu.Unlock()
		r.result <- retryLocked(r.ctx, func() error { return w.transact(r.ctx, r.op) })
	}
}

// transact runs op in a transaction, on a connection whose commits are durable.
func (w *writer) transact(ctx context.Context, op operation) error {
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Once begun, a transaction is not broken off: that would be no faster, and leave its outcome to chance.
	ctx = context.WithoutCancel(ctx)
	if err := ensureDurable(ctx, conn); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err = op(ctx, tx); err != nil {
		if rollbackErr := tx.Rollback(); rollbackErr != nil {
			discard(conn)
		}
		return err
	}
	if err = tx.Commit(); err != nil {
		discard(conn) // it may still be in the transaction
	}
	return err
}

// discard keeps a connection in an unknown state from going back to the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// The waits between attempts when the database is locked. The first is about as long as a commit takes.
const (
	minLockWait = time.Millisecond
	maxLockWait = 50 * time.Millisecond
)

// retryLocked calls f until it returns something else than that the database is locked, or the
// context ends. It is used instead of SQLite's busy_timeout, which doesn't heed the context, and is for the program to set.
func retryLocked(ctx context.Context, f func() error) error {
	for wait := minLockWait; ; wait = min(2*wait, maxLockWait) {
		err := f()
		if !isLocked(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting: %w", ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// isLocked reports whether err is SQLITE_BUSY or SQLITE_LOCKED, by SQLite's texts for them: each driver has
// another type for its errors, and all keep the text.
func isLocked(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked")
}

// explain adds to an error what was tried, unless it is one of those that a Store is to return.
func explain(err error, what string, id saga.ID) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrNotFinal),
		errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrSequence):
		return err
	case id.IsZero():
		return fmt.Errorf("sqlite store: %s: %w", what, err)
	}
	return fmt.Errorf("sqlite store: %s %s: %w", what, id, err)
}
