package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// budget bounds what is measured in a round.
type budget struct {
	// time is for how long sagas are begun.
	time time.Duration
	// sagas is how many are begun at most, if positive.
	sagas int64
}

// warmUp is the budget of what runs before the clock does, so that connections and goroutines are there.
func (b budget) warmUp(clients int) budget {
	b.time /= 5
	if b.sagas > 0 {
		b.sagas = min(b.sagas, int64(clients))
	}
	return b
}

// crowd is a session of clients, who each run one saga after the other.
type crowd struct {
	clients int
	// saga runs one saga to its end. The error says what is wrong with what came out. Several clients call it at once.
	saga  func(context.Context) error
	meter meter
	// verify returns an error unless that many sagas have been run, wholly, and no others.
	verify func(ctx context.Context, sagas int64) error
	end    func() error
}

func (c *crowd) close() error { return c.end() }

func (c *crowd) measure(ctx context.Context, b budget) ([]sample, error) {
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

// run lets the clients work, and returns how many sagas they have run, in which time in all, and which time each took. All that
// has begun is run to its end, and counts. Each client runs one at least, if there are as many to run.
func (c *crowd) run(ctx context.Context, b budget) (n int64, elapsed time.Duration, times []time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		begun   atomic.Int64
		clients sync.WaitGroup
		mu      sync.Mutex
		failure error
	)
	start := time.Now()
	for range c.clients {
		clients.Go(func() {
			var own []time.Duration
			for now := start; own == nil || now.Sub(start) < b.time; {
				if b.sagas > 0 && begun.Add(1) > b.sagas {
					break
				}
				if err := c.saga(ctx); err != nil {
					cancel() // what the others get from that is of no interest
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
