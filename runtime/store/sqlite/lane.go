package sqlite

import (
	"context"
	"database/sql"
	"runtime"
	"slices"
	"sync"
	"time"
)

// operation is what a call of the Store does in the database. It must keep nothing of its caller's, who may have gone, and may be
// run again after a transaction that came to nothing.
//
// The first statement of one that writes must be one that writes: that takes the write lock before anything is read, as
// BEGIN IMMEDIATE would, which database/sql can't be told to send. If it returns one of the errors of package store, it has changed nothing, and
// the transaction goes on without it. After any other error the transaction is rolled back.
type operation func(*transaction) error

// How much goes into one transaction, at most. Beyond that the rate grows no more, and the first in it waits for the last.
const (
	maxBatch = 256
	// maxBatchBytes is half of what SQLite's page cache holds by default. It is checked before a write is added.
	maxBatchBytes = 1 << 20
)

// lane runs operations of a Store one transaction at a time, in the order in which they came, except for what goes first. What waits when
// a transaction begins goes into it, so that many share its cost, which is a wait for the disk if it commits something. One that is alone
// waits for nobody. A store has a lane for what it writes, and one for what it reads of single sagas.
//
// They run in a goroutine of the lane's, so that a caller whose context ends needn't wait for the disk. It ends
// when none has come for a while.
type lane struct {
	db       *sql.DB
	prepared *statements
	writes   bool

	mu      sync.Mutex
	queue   []*request // oldest first, without the batch that run has taken
	running bool       // whether the goroutine runs
	locked  error      // what the database said last, if that it is locked
	// patient is closed soon; nil if nobody has asked for it since the last one was.
	patient chan struct{}

	// wake tells the goroutine that the queue isn't empty any more. It holds that, so that nobody waits for the goroutine.
	wake chan struct{}

	// What is run's own.
	batch []*request // what is in the transaction
	conn  holding
}

func newLane(db *sql.DB, prepared *statements, writes bool) *lane {
	return &lane{db: db, prepared: prepared, writes: writes, wake: make(chan struct{}, 1)}
}

// linger is for how long the goroutine waits for another write. A new one for each write would take the CPU half as
// long again for an append, as its stack has to grow each time.
const linger = 100 * time.Millisecond

// run serves the queue, and ends when nothing has come for a while.
func (l *lane) run() {
	quiet := time.NewTimer(linger)
	defer quiet.Stop()
	for {
		l.drain()
		quiet.Reset(linger)
		select {
		case <-l.wake:
		case <-quiet.C:
			if l.end() {
				return
			}
		}
	}
}

// end reports whether the goroutine ends, as nothing waits.
func (l *lane) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = len(l.queue) > 0
	return !l.running
}

// drain serves the queue until it is empty.
func (l *lane) drain() {
	defer l.conn.giveBack()
	for wait := minLockWait; l.waiting() > 0; {
		if err := l.serve(); err != nil {
			time.Sleep(wait)
			wait = min(2*wait, maxLockWait)
			continue
		}
		wait = minLockWait
		if len(l.batch) > 1 && 2*l.waiting() < len(l.batch) {
			// Those who have just been answered, and would write again at once, share the next commit. When about as many wait
			// already, these have the next one, and the others will be back for the one after that: so the disk never waits for both.
			runtime.Gosched()
		}
	}
}

// waiting returns how many wait.
func (l *lane) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// serve runs in one transaction what waits, and answers it. If the database is locked, it returns
// that, and what waits still does.
func (l *lane) serve() error {
	failed, err := l.attempt()
	if err != nil || l.waiting() == 0 {
		// One that has failed may be broken. And who is answered may close the database, and take its file.
		l.conn.giveBack()
	}
	switch {
	case isLocked(err):
		l.putBack(err)
		return err
	case failed != nil && len(l.batch) > 1:
		// Those before it share the next transaction, it has the one after that, and those behind share the third.
		failed.alone = true
		l.putBack(nil)
		return nil
	}
	l.answer(err)
	return nil
}

// attempt takes a connection, and then what waits as the batch, and runs that. If one of the requests
// has failed, and thereby the transaction, it returns that one.
func (l *lane) attempt() (failed *request, err error) {
	ctx := context.Background() // a caller who doesn't want to wait leaves
	conn, err := l.conn.get(ctx, l.db, l.writes)
	l.take() // only now, as more may have come
	if err != nil || len(l.batch) == 0 {
		return nil, err
	}
	return l.transact(ctx, conn)
}

// take moves from the queue into the batch what goes into the next transaction.
func (l *lane) take() {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, size := 0, 0
	for ; n < len(l.queue) && n < maxBatch && size < maxBatchBytes; n++ {
		r := l.queue[n]
		if n > 0 && (r.alone || l.queue[0].alone) {
			break
		}
		size += r.size
	}
	l.batch = append(l.batch[:0], l.queue[:n]...)
	l.queue = slices.Delete(l.queue, 0, n)
}

// putBack moves the batch back to the head of the queue, without those whose callers have gone. locked is
// what the database said, if that is the reason.
func (l *lane) putBack(locked error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.locked = locked
	l.batch = slices.DeleteFunc(l.batch, func(r *request) bool { return r.gone })
	l.queue = slices.Insert(l.queue, 0, l.batch...)
}

// answer tells the callers in the batch that err is what came of the transaction, or if that is nil, each its own result.
func (l *lane) answer(err error) {
	l.mu.Lock()
	l.locked = nil
	l.mu.Unlock()
	for _, r := range l.batch {
		if err != nil {
			r.result <- err
		} else {
			r.result <- r.err
		}
	}
	clear(l.batch) // which may be kept for long
}

// transact runs the batch in a transaction, on a connection whose commits are durable if it writes.
func (l *lane) transact(ctx context.Context, conn *sql.Conn) (failed *request, err error) {
	sqlTx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: !l.writes})
	if err != nil {
		return nil, err
	}
	tx := &transaction{Tx: sqlTx, prepared: l.prepared}
	for _, r := range l.batch {
		if r.err = r.op(tx); r.err != nil && !isRefusal(r.err) {
			if err := tx.Rollback(); err != nil {
				l.conn.discard()
			}
			return r, r.err
		}
	}
	if err = tx.Commit(); err != nil {
		l.conn.discard() // it may still be in the transaction
	}
	return nil, err
}
