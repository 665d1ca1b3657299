package sqlite

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// request is an operation that a caller waits for.
type request struct {
	op   operation
	size int // bytes that it writes, about
	// result gets the result when that is durable. It holds it, so that the lane doesn't wait for a caller who has gone.
	result chan error

	gone  bool // the caller is; guarded by lane.mu
	alone bool // it has failed in a batch, and gets a transaction of its own; run's own
	err   error
}

// requests are those whose callers have their results.
var requests = sync.Pool{New: func() any { return &request{result: make(chan error, 1)} }}

// do runs op, which writes about that many bytes. When it returns nil, that is on disk.
func (l *lane) do(ctx context.Context, size int, op operation) error {
	return l.submit(ctx, size, op, false)
}

// doFirst is do for what is rare and about many sagas. It goes before all that waits: behind thousands of appends, leases would end
// before they are renewed.
func (l *lane) doFirst(ctx context.Context, op operation) error { return l.submit(ctx, 0, op, true) }

func (l *lane) submit(ctx context.Context, size int, op operation, first bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := requests.Get().(*request)
	r.op, r.size = op, size
	l.mu.Lock()
	if first {
		l.queue = slices.Insert(l.queue, 0, r)
	} else {
		l.queue = append(l.queue, r)
	}
	start, only := !l.running, len(l.queue) == 1
	l.running = true
	patient := l.patience()
	l.mu.Unlock()
	switch {
	case start:
		go l.run()
	case only:
		select {
		case l.wake <- struct{}{}:
		default: // it was told, and hasn't looked yet
		}
	}
	select {
	case err := <-r.result:
		return r.end(err)
	case <-patient:
	}
	select {
	case err := <-r.result:
		return r.end(err)
	case <-ctx.Done():
		return l.leave(ctx, r)
	}
}

// end gives the request back, and returns its result.
func (r *request) end(result error) error {
	*r = request{result: r.result}
	requests.Put(r)
	return result
}

// patience is for how long a caller doesn't ask whether its context ends. To ask makes a context with a deadline set a
// timer, which costs a tenth of an append, and most calls end before.
const patience = 5 * time.Millisecond

// patience returns a channel that is closed within that time. All callers that come meanwhile share it. It is called with the lock held.
func (l *lane) patience() <-chan struct{} {
	if l.patient == nil {
		l.patient = make(chan struct{})
		time.AfterFunc(patience, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			close(l.patient)
			l.patient = nil
		})
	}
	return l.patient
}

// leave takes a request whose context has ended out of the queue, if it's still there, and returns why.
func (l *lane) leave(ctx context.Context, r *request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.gone = true
	if i := slices.Index(l.queue, r); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	}
	if l.locked != nil {
		return fmt.Errorf("%w while waiting: %w", ctx.Err(), l.locked)
	}
	return fmt.Errorf("%w while waiting for the database", ctx.Err())
}
