package sqlite

import (
	"context"
	"database/sql"
	"runtime"
	"slices"
	"sync"
	"time"
)

// operation is the database part of a call of the Store. It must not refer to
// memory of the caller, who may return before it runs. It may run again after a
// transaction that had no effect.
//
// The first statement of an operation that writes must be a write. It then
// takes the write lock before anything is read, as BEGIN IMMEDIATE would, which
// database/sql can't send.
//
// If an operation returns a store error (isStoreError), it has changed nothing,
// and the transaction continues without it. After any other error the
// transaction is rolled back.
type operation func(*transaction) error

// Limits of a transaction. A larger one doesn't increase the throughput, and
// its first operation waits for the last.
const (
	maxBatch = 256
	// maxBatchBytes is half of the default size of SQLite's page cache. It is
	// checked before an operation is added.
	maxBatchBytes = 1 << 20
)

// committer runs the operations of a Store in one transaction at a time, in the
// order in which they arrive, except for those of doFirst. All operations that
// wait when a transaction begins join it, up to a limit. So they share its
// cost, which is a wait for the disk if it writes. An operation that arrives
// alone waits for no other. A Store has one committer for its writes, and one
// for its reads of single sagas.
//
// The operations run in a goroutine of the committer, so a caller whose context
// ends needn't wait for the disk. The goroutine ends when no operation has
// arrived for idleTimeout.
type committer struct {
	db       *sql.DB
	prepared *statements
	writes   bool

	mu      sync.Mutex
	queue   []*request // oldest first, without the batch
	running bool       // whether the goroutine runs
	busy    error      // the last error of the database if it was locked, else nil
	// grace is closed at the end of the current grace period. It is nil if no
	// caller has asked for one since the last period ended.
	grace chan struct{}

	// wake wakes the goroutine when the queue becomes non-empty. It has a
	// buffer of one, so that no caller waits for the goroutine.
	wake chan struct{}

	// Owned by the goroutine.
	batch []*request // the requests of the current transaction
	conn  heldConn
}

func newCommitter(db *sql.DB, prepared *statements, writes bool) *committer {
	return &committer{db: db, prepared: prepared, writes: writes, wake: make(chan struct{}, 1)}
}

// idleTimeout is how long the goroutine waits for another operation before it
// ends. With a new goroutine for each, an append takes half as much processor
// time again, since the stack has to grow each time.
const idleTimeout = 100 * time.Millisecond

// run serves the queue. It ends when the queue has been empty for idleTimeout.
func (c *committer) run() {
	idle := time.NewTimer(idleTimeout)
	defer idle.Stop()
	for {
		c.drain()
		idle.Reset(idleTimeout)
		select {
		case <-c.wake:
		case <-idle.C:
			if c.stopIfIdle() {
				return
			}
		}
	}
}

// stopIfIdle reports whether the goroutine must end, since the queue is empty.
func (c *committer) stopIfIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = len(c.queue) > 0
	return !c.running
}

// drain serves the queue until it is empty.
func (c *committer) drain() {
	defer c.conn.release()
	for wait := minBusyWait; c.waiting() > 0; {
		if err := c.runBatch(); err != nil {
			time.Sleep(wait)
			wait = min(2*wait, maxBusyWait)
			continue
		}
		wait = minBusyWait
		if len(c.batch) > 1 && 2*c.waiting() < len(c.batch) {
			// The callers that just got their results, and would write again at
			// once, share the next commit. If about as many requests wait
			// already, these get the next commit and the others the one after
			// it. So the disk never waits for both.
			runtime.Gosched()
		}
	}
}

// waiting returns the length of the queue.
func (c *committer) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// runBatch runs the next batch in one transaction and sends the results. If the
// database is locked, it puts the batch back into the queue and returns that
// error.
func (c *committer) runBatch() error {
	failed, err := c.tryBatch()
	if err != nil || c.waiting() == 0 {
		// After an error the connection may be broken. And a caller that has
		// its result may close the database and copy its file.
		c.conn.release()
	}
	switch {
	case isBusy(err):
		c.requeue(err)
		return err
	case failed != nil && len(c.batch) > 1:
		// The requests before the failed one share the next transaction, it
		// gets the one after that, and the requests behind it share the third.
		failed.alone = true
		c.requeue(nil)
		return nil
	}
	c.reply(err)
	return nil
}

// tryBatch takes a connection, then the next batch, and runs it. If a request
// fails, and with it the transaction, tryBatch returns that request.
func (c *committer) tryBatch() (failed *request, err error) {
	ctx := context.Background() // the caller of a request stops waiting when its own context ends
	conn, err := c.conn.get(ctx, c.db, c.writes)
	c.takeBatch() // after the wait for the connection, as more requests may have arrived
	if err != nil || len(c.batch) == 0 {
		return nil, err
	}
	return c.transact(ctx, conn)
}

// takeBatch moves the requests of the next transaction from the queue to the
// batch.
func (c *committer) takeBatch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, size := 0, 0
	for ; n < len(c.queue) && n < maxBatch && size < maxBatchBytes; n++ {
		r := c.queue[n]
		if n > 0 && (r.alone || c.queue[0].alone) {
			break
		}
		size += r.size
	}
	c.batch = append(c.batch[:0], c.queue[:n]...)
	c.queue = slices.Delete(c.queue, 0, n)
}

// requeue moves the batch back to the head of the queue, without the requests
// whose callers have stopped waiting. busy is the error of the database if it
// is locked, else nil.
func (c *committer) requeue(busy error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = busy
	c.batch = slices.DeleteFunc(c.batch, func(r *request) bool { return r.abandoned })
	c.queue = slices.Insert(c.queue, 0, c.batch...)
}

// reply sends the results of the batch: err if the transaction has failed, else
// each request's own.
func (c *committer) reply(err error) {
	c.mu.Lock()
	c.busy = nil
	c.mu.Unlock()
	for _, r := range c.batch {
		if err != nil {
			r.result <- err
		} else {
			r.result <- r.err
		}
	}
	clear(c.batch) // its memory may be kept for long
}

// transact runs the batch in one transaction. The commits of the connection are
// durable if the committer writes.
func (c *committer) transact(ctx context.Context, conn *sql.Conn) (failed *request, err error) {
	sqlTx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: !c.writes})
	if err != nil {
		return nil, err
	}
	tx := &transaction{Tx: sqlTx, prepared: c.prepared}
	for _, r := range c.batch {
		if r.err = r.op(tx); r.err != nil && !isStoreError(r.err) {
			if err := tx.Rollback(); err != nil {
				c.conn.discard()
			}
			return r, r.err
		}
	}
	if err = tx.Commit(); err != nil {
		c.conn.discard() // the transaction may still be open
	}
	return nil, err
}
