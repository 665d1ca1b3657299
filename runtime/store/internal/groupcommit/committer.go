package groupcommit

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// MaxRequests is the maximum number of requests in a batch. A larger batch
// doesn't increase the throughput, and all its callers wait longer.
const MaxRequests = 256

// Driver has the parts of a Committer that depend on the database. C is the
// type of its connections, R of its requests. All functions are called by the
// workers, so at most Workers calls run at a time.
type Driver[C, R any] struct {
	// Workers is the maximum number of workers, and so of connections in use.
	Workers int
	// MaxBytes is the maximum size of a batch. A larger request has a batch of
	// its own.
	MaxBytes int
	// Connect returns a connection. ctx ends when no request waits for it.
	Connect func(ctx context.Context) (C, error)
	// Commit commits a batch in one transaction. It returns the result of each
	// request, or an error that is the result of all. The error may be a
	// *Rejected.
	Commit func(ctx context.Context, conn C, batch []R) ([]error, error)
	// Release releases a connection after a batch, before the callers get their
	// results. If idle is false, requests wait, and the worker calls Connect
	// next.
	Release func(conn C, idle bool)
	// Retry reports whether a request with this result had no effect because
	// the database is busy. The request returns to the head of the queue, and
	// the worker waits before the next batch. If Retry is nil, it is false for
	// all results.
	Retry func(error) bool
}

// Rejected is returned by Driver.Commit if the batch had no effect because of
// one of its requests. The Committer commits the others without it.
type Rejected struct {
	// Index is the index of the request in the batch. The requests before it
	// share the next transaction, it gets the one after that, and the requests
	// after it share the third. If Index is negative, the request is unknown,
	// and each request gets a transaction.
	Index int
	// Err is the result of the request if it was alone in its batch.
	Err error
}

func (r *Rejected) Error() string { return r.Err.Error() }

func (r *Rejected) Unwrap() error { return r.Err }

// Request is a request of a caller.
type Request[R any] struct {
	// Value is passed to Driver.Commit. It must not refer to memory of the
	// caller, who may return before it is committed. It may be passed again
	// after a transaction that had no effect.
	Value R
	// Size is about the number of bytes that are written.
	Size int
	// Saga is the saga that the request belongs to. The requests of a saga are
	// committed one at a time, in the order of their arrival. If Saga is zero,
	// a batch may have any number of such requests, in that order.
	Saga saga.ID
	// First puts the request before all that wait. It is for rare requests that
	// concern many sagas: behind thousands of appends, leases would expire
	// before they are renewed.
	First bool
}

// Committer commits requests in batches. It is safe for concurrent use.
type Committer[C, R any] struct {
	driver Driver[C, R]

	// wake has a token for each idle worker that must look at the queue. Its
	// capacity is the number of workers, so no caller waits to send one.
	wake chan struct{}

	mu      sync.Mutex
	queue   []*waiter[R] // in the order in which they are taken
	workers int          // including idle ones
	idle    int          // workers that wait for a token, minus the tokens in wake
	// inFlight has the sagas of the requests in flight.
	inFlight map[saga.ID]bool
	// busy is the last result that Driver.Retry accepted, or nil if a later
	// batch had none.
	busy error
	// connectCtx is passed to Driver.Connect. It ends when the last request
	// leaves the queue because its caller has stopped waiting. It is nil if no
	// worker has called Connect since then.
	connectCtx    context.Context
	cancelConnect context.CancelFunc
}

// waiter is a request with a caller that waits for its result.
type waiter[R any] struct {
	Request[R]
	// result has a buffer of one, so that a worker doesn't wait for a caller
	// that has stopped waiting.
	result chan error

	// Guarded by Committer.mu.
	batch     *batch[R] // while it is in flight, else nil
	abandoned bool      // the caller has stopped waiting
}

// New returns a Committer for the driver.
func New[C, R any](d Driver[C, R]) *Committer[C, R] {
	if d.Retry == nil {
		d.Retry = func(error) bool { return false }
	}
	return &Committer[C, R]{
		driver: d, wake: make(chan struct{}, d.Workers), inFlight: map[saga.ID]bool{},
	}
}

// Submit commits a request and returns its result. If ctx ends before, it
// returns an error that wraps the error of ctx. The request then has no effect
// if it was still in the queue, and an unknown outcome otherwise.
func (c *Committer[C, R]) Submit(ctx context.Context, r Request[R]) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter[R]{Request: r, result: make(chan error, 1)}
	c.enqueue(w)
	select {
	case err := <-w.result:
		return err
	case <-ctx.Done():
		return c.abandon(ctx, w)
	}
}

// enqueue adds w to the queue, and wakes or starts a worker. It needs none if
// all are busy, or if one has a request of the same saga in flight: a worker
// that has finished a batch looks at the queue.
func (c *Committer[C, R]) enqueue(w *waiter[R]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.First {
		c.queue = slices.Insert(c.queue, 0, w)
	} else {
		c.queue = append(c.queue, w)
	}
	switch {
	case c.inFlight[w.Saga]:
	case c.idle > 0:
		c.idle--
		c.wake <- struct{}{}
	case c.workers < c.driver.Workers:
		c.workers++
		go c.work()
	}
}

// abandonGrace is how long a transaction continues after all its callers have
// stopped waiting. Canceling it may cost the connection.
const abandonGrace = 5 * time.Second

// abandon records that the caller of w has stopped waiting, and returns its
// error.
func (c *Committer[C, R]) abandon(ctx context.Context, w *waiter[R]) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.abandoned = true
	if b := w.batch; b != nil {
		if b.callers--; b.callers == 0 {
			time.AfterFunc(abandonGrace, b.cancel)
		}
	} else if i := slices.Index(c.queue, w); i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
		if len(c.queue) == 0 && c.connectCtx != nil {
			c.cancelConnect()
			c.connectCtx = nil
		}
	}
	if c.busy != nil {
		return fmt.Errorf("%w while waiting: %w", ctx.Err(), c.busy)
	}
	return fmt.Errorf("%w while waiting for the database", ctx.Err())
}

// Stats describes the current state of a Committer.
type Stats struct {
	Waiting  int // requests in the queue
	InFlight int // sagas with a request in flight
	Workers  int // including idle ones
}

// Stats returns the current state.
func (c *Committer[C, R]) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Waiting: len(c.queue), InFlight: len(c.inFlight), Workers: c.workers}
}
