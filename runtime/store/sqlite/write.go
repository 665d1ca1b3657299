package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// operation is a write. Its first statement must be one that writes: that takes
// the write lock before anything is read, as BEGIN IMMEDIATE would, which database/sql can't be told to send. It must
// keep nothing of its caller's, who may have gone, and may be run again after a transaction that came to nothing.
//
// If it returns one of the errors of package store, it has changed nothing, and the transaction goes on without it. After
// any other error the transaction is rolled back.
type operation func(*transaction) error

// How much goes into one transaction, at most. Beyond that the rate grows no more, and the first in it waits for the last.
const (
	maxBatch = 256
	// maxBatchBytes is half of what SQLite's page cache holds by default. It is checked before a write is added.
	maxBatchBytes = 1 << 20
)

// writer runs the writes of a Store. All of them pass here, in the order in which they came. What waits when a
// transaction begins goes into it, so that many share a commit, and a write that is alone waits for nobody.
//
// They run in a goroutine of the writer's, so that a caller whose context ends needn't wait for the disk. It ends
// when none has come for a while.
type writer struct {
	db       *sql.DB
	prepared *statements

	mu      sync.Mutex
	queue   []*request // oldest first, without the batch that run has taken
	running bool       // whether the goroutine runs
	locked  error      // what the database said last, if that it is locked

	// wake tells the goroutine that the queue isn't empty any more. It holds that, so that nobody waits for the goroutine.
	wake chan struct{}

	batch []*request // run's own: what is in the transaction
}

// request is a write that a caller waits for.
type request struct {
	op   operation
	size int // bytes that it writes, about
	// result gets the result when that is durable. It holds it, so that the writer doesn't wait for a caller who has gone.
	result chan error

	gone  bool // the caller is; guarded by writer.mu
	alone bool // it has failed in a batch, and gets a transaction of its own; run's own
	err   error
}

func newWriter(db *sql.DB, prepared *statements) *writer {
	return &writer{db: db, prepared: prepared, wake: make(chan struct{}, 1)}
}

// write runs op, which writes about that many bytes. When it returns nil, that is on disk.
func (w *writer) write(ctx context.Context, size int, op operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{op: op, size: size, result: make(chan error, 1)}
	w.mu.Lock()
	w.queue = append(w.queue, r)
	start, first := !w.running, len(w.queue) == 1
	w.running = true
	w.mu.Unlock()
	switch {
	case start:
		go w.run()
	case first:
		select {
		case w.wake <- struct{}{}:
		default: // it was told, and hasn't looked yet
		}
	}
	select {
	case err := <-r.result:
		return err
	case <-ctx.Done():
		return w.leave(ctx, r)
	}
}

// leave takes a request whose context has ended out of the queue, if it's still there, and returns why.
func (w *writer) leave(ctx context.Context, r *request) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.gone = true
	if i := slices.Index(w.queue, r); i >= 0 {
		w.queue = slices.Delete(w.queue, i, i+1)
	}
	if w.locked != nil {
		return fmt.Errorf("%w while waiting: %w", ctx.Err(), w.locked)
	}
	return fmt.Errorf("%w while waiting for the database", ctx.Err())
}

// linger is for how long the goroutine waits for another write. A new one for each write would take the CPU half as
// long again for an append, as its stack has to grow each time.
const linger = 100 * time.Millisecond

// run serves the queue, and ends when nothing has come for a while.
func (w *writer) run() {
	quiet := time.NewTimer(linger)
	defer quiet.Stop()
	for {
		w.drain()
		quiet.Reset(linger)
		select {
		case <-w.wake:
		case <-quiet.C:
			if w.end() {
				return
			}
		}
	}
}

// end reports whether the goroutine ends, as nothing waits.
func (w *writer) end() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = len(w.queue) > 0
	return !w.running
}

// drain serves the queue until it is empty.
func (w *writer) drain() {
	for wait := minLockWait; w.waiting(); {
		if err := w.serve(); err != nil {
			time.Sleep(wait)
			wait = min(2*wait, maxLockWait)
			continue
		}
		wait = minLockWait
		if len(w.batch) > 1 {
			// Those who have just been answered, and would write again at once, share the next commit.
			runtime.Gosched()
		}
	}
}

// waiting reports whether anybody waits.
func (w *writer) waiting() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue) > 0
}

// serve runs in one transaction what waits, and answers it. If the database is locked, it returns
// that, and what waits still does.
func (w *writer) serve() error {
	failed, err := w.attempt()
	switch {
	case isLocked(err):
		w.putBack(err)
		return err
	case failed != nil && len(w.batch) > 1:
		// Those before it share the next transaction, it has the one after that, and those behind share the third.
		failed.alone = true
		w.putBack(nil)
		return nil
	}
	w.answer(err)
	return nil
}

// attempt takes a connection, and then what waits as the batch, and runs that. If one of the requests
// has failed, and thereby the transaction, it returns that one.
func (w *writer) attempt() (failed *request, err error) {
	ctx := context.Background() // a caller who doesn't want to wait leaves
	conn, err := w.db.Conn(ctx)
	if err == nil {
		defer conn.Close()
		err = ensureDurable(ctx, conn)
	}
	w.take() // only now, as more may have come
	if err != nil || len(w.batch) == 0 {
		return nil, err
	}
	return w.transact(ctx, conn)
}

// take moves from the queue into the batch what goes into the next transaction.
func (w *writer) take() {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, size := 0, 0
	for ; n < len(w.queue) && n < maxBatch && size < maxBatchBytes; n++ {
		r := w.queue[n]
		if n > 0 && (r.alone || w.queue[0].alone) {
			break
		}
		size += r.size
	}
	w.batch = append(w.batch[:0], w.queue[:n]...)
	w.queue = slices.Delete(w.queue, 0, n)
}

// putBack moves the batch back to the head of the queue, without those whose callers have gone. locked is
// what the database said, if that is the reason.
func (w *writer) putBack(locked error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.locked = locked
	w.batch = slices.DeleteFunc(w.batch, func(r *request) bool { return r.gone })
	w.queue = slices.Insert(w.queue, 0, w.batch...)
}

// answer tells the callers in the batch that err is what came of the transaction, or if that is nil, each its own result.
func (w *writer) answer(err error) {
	w.mu.Lock()
	w.locked = nil
	w.mu.Unlock()
	for _, r := range w.batch {
		if err != nil {
			r.result <- err
		} else {
			r.result <- r.err
		}
	}
	clear(w.batch) // which may be kept for long
}

// transact runs the batch in a transaction, on a connection whose commits are durable.
func (w *writer) transact(ctx context.Context, conn *sql.Conn) (failed *request, err error) {
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	tx := &transaction{Tx: sqlTx, prepared: w.prepared}
	for _, r := range w.batch {
		if r.err = r.op(tx); r.err != nil && !isRefusal(r.err) {
			if err := tx.Rollback(); err != nil {
				discard(conn)
			}
			return r, r.err
		}
	}
	if err = tx.Commit(); err != nil {
		discard(conn) // it may still be in the transaction
	}
	return nil, err
}

// isRefusal reports whether err is one of those that a Store is to return.
func isRefusal(err error) bool {
	for _, refusal := range []error{store.ErrExists, store.ErrNotFound, store.ErrNotFinal, store.ErrFenced, store.ErrSequence} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// explain adds to an error what was tried, unless it is a refusal.
func explain(err error, what string, id saga.ID) error {
	switch {
	case err == nil || isRefusal(err):
		return err
	case id.IsZero():
		return fmt.Errorf("sqlite store: %s: %w", what, err)
	}
	return fmt.Errorf("sqlite store: %s %s: %w", what, id, err)
}
