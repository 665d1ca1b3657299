package sqlite

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// request is an operation with a caller that waits for its result.
type request struct {
	op   operation
	size int // the bytes that it writes, approximately
	// result receives the result when it is durable. It has a buffer of one, so
	// that the committer doesn't wait for a caller that has stopped waiting.
	result chan error

	abandoned bool // the caller has stopped waiting; guarded by committer.mu
	// Owned by the committer's goroutine.
	alone bool // it has failed in a batch, and gets a transaction of its own
	err   error
}

// requests holds requests whose callers have received their results.
var requests = sync.Pool{New: func() any { return &request{result: make(chan error, 1)} }}

// do runs op, which writes about size bytes, and returns its result. When it
// returns nil, the effect is on disk. When ctx ends while op waits, op does not
// run; if op runs already, its outcome is unknown.
func (c *committer) do(ctx context.Context, size int, op operation) error {
	return c.submit(ctx, size, op, false)
}

// doFirst is do for rare operations on many sagas. They go before all others
// that wait: behind thousands of appends, leases would expire before they are
// renewed.
func (c *committer) doFirst(ctx context.Context, op operation) error {
	return c.submit(ctx, 0, op, true)
}

func (c *committer) submit(ctx context.Context, size int, op operation, first bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := requests.Get().(*request)
	r.op, r.size = op, size
	c.mu.Lock()
	if first {
		c.queue = slices.Insert(c.queue, 0, r)
	} else {
		c.queue = append(c.queue, r)
	}
	start, only := !c.running, len(c.queue) == 1
	c.running = true
	graceOver := c.gracePeriod()
	c.mu.Unlock()
	switch {
	case start:
		go c.run()
	case only:
		select {
		case c.wake <- struct{}{}:
		default: // an earlier wake-up is pending
		}
	}
	select {
	case err := <-r.result:
		return r.finish(err)
	case <-graceOver:
	}
	select {
	case err := <-r.result:
		return r.finish(err)
	case <-ctx.Done():
		return c.abandon(ctx, r)
	}
}

// finish returns the request to the pool, and the result to the caller.
func (r *request) finish(result error) error {
	*r = request{result: r.result}
	requests.Put(r)
	return result
}

// gracePeriod is how long a caller waits before it watches its context. Done
// makes a context with a deadline set a timer, which costs a tenth of an
// append, and most calls end before that.
const gracePeriod = 5 * time.Millisecond

// gracePeriod returns a channel that is closed within the time of that name.
// All callers of a period share the channel. c.mu must be held.
func (c *committer) gracePeriod() <-chan struct{} {
	if c.grace == nil {
		c.grace = make(chan struct{})
		time.AfterFunc(gracePeriod, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			close(c.grace)
			c.grace = nil
		})
	}
	return c.grace
}

// abandon removes a request whose context has ended from the queue, if it is
// still there, and returns the error for its caller.
func (c *committer) abandon(ctx context.Context, r *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.abandoned = true
	if i := slices.Index(c.queue, r); i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
	}
	if c.busy != nil {
		return fmt.Errorf("%w while waiting: %w", ctx.Err(), c.busy)
	}
	return fmt.Errorf("%w while waiting for the database", ctx.Err())
}
