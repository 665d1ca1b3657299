package groupcommit

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/sagagen/sagagen/runtime/store/internal/busy"
)

// idleTimeout is how long a worker waits for another request before it ends. If
// each request started a goroutine, its stack would have to grow each time: an
// append of SQLite would take half as much processor time again.
const idleTimeout = 100 * time.Millisecond

// batch has the requests of one transaction.
type batch[R any] struct {
	waiters []*waiter[R]
	values  []R // of the waiters
	ctx     context.Context
	cancel  context.CancelFunc
	callers int // how many still wait for their results; guarded by Committer.mu
}

// work commits batches until there was nothing to commit for idleTimeout.
func (c *Committer[C, R]) work() {
	timer := time.NewTimer(idleTimeout)
	defer timer.Stop()
	for wait := busy.MinWait; ; {
		ctx := c.next()
		if ctx == nil {
			if c.awaitRequest(timer) {
				continue
			}
			return
		}
		n, ok := c.commitNext(ctx)
		switch {
		case !ok:
			time.Sleep(wait)
			wait = min(2*wait, busy.MaxWait)
			continue
		case n > 1 && 2*c.Stats().Waiting < n:
			// The callers that just got their results, and would submit again
			// at once, share the next batch. If about as many requests wait
			// already, these get the next batch and the others the one after
			// it, so that the database never waits for both. Without this,
			// sqlite/trip@64 of the benchmarks has 0.25 commits per saga
			// instead of 0.17.
			runtime.Gosched()
		}
		wait = busy.MinWait
	}
}

// next returns the context for Driver.Connect. If no request can be taken, it
// counts the worker as idle and returns nil.
func (c *Committer[C, R]) next() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.queue, func(w *waiter[R]) bool { return !c.inFlight[w.Saga] }) {
		c.idle++
		return nil
	}
	if c.connectCtx == nil {
		c.connectCtx, c.cancelConnect = context.WithCancel(context.Background())
	}
	return c.connectCtx
}

// awaitRequest waits for a token. It returns false after idleTimeout; the
// worker must end then.
func (c *Committer[C, R]) awaitRequest(timer *time.Timer) bool {
	timer.Reset(idleTimeout)
	select {
	case <-c.wake:
		return true
	case <-timer.C:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle == 0 { // all waiting workers have tokens
		<-c.wake
		return true
	}
	c.idle--
	c.workers--
	return false
}

// commitNext commits the next batch and returns its length. ok is false if the
// worker must wait before the next one, as the database is busy.
func (c *Committer[C, R]) commitNext(ctx context.Context) (n int, ok bool) {
	conn, err := c.driver.Connect(ctx)
	if err != nil && ctx.Err() != nil {
		return 0, true // all callers have stopped waiting
	}
	b := c.takeBatch() // after the wait for the connection, as more requests may have arrived
	n = len(b.values)
	var errs []error
	switch {
	case err != nil:
		errs = slices.Repeat([]error{err}, n)
	case n > 0:
		errs = c.commit(b.ctx, conn, b.values)
	}
	if err == nil {
		c.driver.Release(conn, c.Stats().Waiting == 0)
	}
	return n, c.finish(b, errs)
}

// takeBatch moves the next batch out of the queue. The batch is empty if
// another worker was faster, or the callers have stopped waiting.
func (c *Committer[C, R]) takeBatch() *batch[R] {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := new(batch[R])
	b.ctx, b.cancel = context.WithCancel(context.Background())
	size, full, rest := 0, false, c.queue[:0]
	for _, w := range c.queue {
		// Once a request doesn't fit, no later one may go before it.
		n := len(b.waiters)
		full = full || n == MaxRequests || n > 0 && size+w.Size > c.driver.MaxBytes
		if full || c.inFlight[w.Saga] {
			rest = append(rest, w)
			continue
		}
		if !w.Saga.IsZero() {
			c.inFlight[w.Saga] = true
		}
		w.batch = b
		b.waiters, b.values = append(b.waiters, w), append(b.values, w.Value)
		size += w.Size
	}
	clear(c.queue[len(rest):])
	c.queue, b.callers = rest, len(b.waiters)
	return b
}

// commit commits a batch, in parts if the database rejects it.
func (c *Committer[C, R]) commit(ctx context.Context, conn C, batch []R) []error {
	errs, err := c.driver.Commit(ctx, conn, batch)
	if err == nil {
		return errs
	}
	rejected, ok := errors.AsType[*Rejected](err)
	switch {
	case !ok:
		return slices.Repeat([]error{err}, len(batch))
	case len(batch) == 1:
		return []error{rejected.Err}
	}
	errs = make([]error, 0, len(batch))
	for _, part := range split(batch, rejected.Index) {
		if n := len(errs); n > 0 && c.driver.Retry(errs[n-1]) {
			// Later requests must not go before those to be tried again.
			errs = append(errs, slices.Repeat(errs[n-1:], len(part))...)
			continue
		}
		errs = append(errs, c.commit(ctx, conn, part)...)
	}
	return errs
}

// split returns the parts of a batch in which a request was rejected.
func split[R any](batch []R, rejected int) [][]R {
	if rejected < 0 {
		return slices.Collect(slices.Chunk(batch, 1))
	}
	parts := [][]R{batch[:rejected], batch[rejected : rejected+1], batch[rejected+1:]}
	return slices.DeleteFunc(parts, func(part []R) bool { return len(part) == 0 })
}

// finish sends the results of a batch to its callers. It returns false if
// requests must be tried again; they return to the head of the queue, unless
// their callers have stopped waiting.
func (c *Committer[C, R]) finish(b *batch[R], errs []error) bool {
	b.cancel()
	retry := c.requeue(b, errs)
	for i, w := range b.waiters {
		if !retry || !c.driver.Retry(errs[i]) {
			w.result <- errs[i]
		}
	}
	return !retry
}

// requeue ends the flight of a batch.
func (c *Committer[C, R]) requeue(b *batch[R], errs []error) (retry bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = nil
	var again []*waiter[R]
	for i, w := range b.waiters {
		delete(c.inFlight, w.Saga)
		w.batch = nil
		if c.driver.Retry(errs[i]) {
			c.busy = errs[i]
			if !w.abandoned {
				again = append(again, w)
			}
		}
	}
	c.queue = slices.Insert(c.queue, 0, again...)
	return c.busy != nil
}
