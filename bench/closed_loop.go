package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// budget limits one round.
type budget struct {
	// time is how long new sagas are started.
	time time.Duration
	// sagas is the maximum number of sagas, or 0 for no limit.
	sagas int64
}

// warmUp returns the budget of the warm-up, which creates connections and
// goroutines before the measurement.
func (b budget) warmUp(clients int) budget {
	b.time /= 5
	if b.sagas > 0 {
		b.sagas = min(b.sagas, int64(clients))
	}
	return b
}

// closedLoop is a session of concurrent clients. Each client runs one saga
// after the other.
type closedLoop struct {
	clients int
	// saga runs one saga. It returns an error if the output is wrong. Clients
	// call it concurrently.
	saga  func(context.Context) error
	meter meter
	// verify returns an error unless exactly that many sagas exist and all of
	// them have succeeded.
	verify func(ctx context.Context, sagas int64) error
	end    func() error
}

func (c *closedLoop) close() error { return c.end() }

func (c *closedLoop) measure(ctx context.Context, b budget) ([]sample, error) {
	warm, _, _, err := c.run(ctx, b.warmUp(c.clients))
	if err != nil {
		return nil, err
	}
	before, err := c.meter(ctx)
	if err != nil {
		return nil, err
	}
	n, elapsed, times, err := c.run(ctx, b)
	if err != nil {
		return nil, err
	}
	after, err := c.meter(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.verify(ctx, warm+n); err != nil {
		return nil, err
	}
	return []sample{{
		value:   float64(n) / elapsed.Seconds(),
		latency: percentilesOf(times),
		use:     after.per(before, n),
	}}, nil
}

// run runs the clients. It returns the number of sagas, the total time and the
// time of each saga. A saga that was started counts, even if it finishes after
// the budget's time. Each client runs at least one saga, unless the budget has
// fewer sagas than there are clients.
func (c *closedLoop) run(
	ctx context.Context, b budget,
) (n int64, elapsed time.Duration, times []time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		started atomic.Int64
		clients sync.WaitGroup
		mu      sync.Mutex
		failure error
	)
	start := time.Now()
	for range c.clients {
		clients.Go(func() {
			var own []time.Duration
			for now := start; own == nil || now.Sub(start) < b.time; {
				if b.sagas > 0 && started.Add(1) > b.sagas {
					break
				}
				if err := c.saga(ctx); err != nil {
					cancel() // the cancellation errors of other clients are ignored
					mu.Lock()
					defer mu.Unlock()
					if failure == nil || errors.Is(failure, context.Canceled) {
						failure = err
					}
					return
				}
				end := time.Now()
				own = append(own, end.Sub(now))
				now = end
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, own...)
		})
	}
	clients.Wait()
	return int64(len(times)), time.Since(start), times, failure
}
