package sec

import (
	"context"
	"sync"
	"time"
)

// bounded is a context that ends with its parent or at a deadline, as context.WithDeadline makes one, but sets no timer until
// somebody waits for its end. A store in memory never does, and a timer for each append would be a large part of
// its cost.
type bounded struct {
	context.Context
	deadline time.Time

	mu     sync.Mutex
	timed  context.Context // made when it is needed
	cancel context.CancelFunc
	ended  bool
}

func newBounded(parent context.Context, timeout time.Duration) *bounded {
	return &bounded{Context: parent, deadline: time.Now().Add(timeout)}
}

// Deadline implements context.Context.
func (b *bounded) Deadline() (time.Time, bool) {
	if deadline, ok := b.Context.Deadline(); ok && deadline.Before(b.deadline) {
		return deadline, true
	}
	return b.deadline, true
}

// Done implements context.Context.
func (b *bounded) Done() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed == nil {
		b.timed, b.cancel = context.WithDeadline(b.Context, b.deadline)
		if b.ended {
			b.cancel()
		}
	}
	return b.timed.Done()
}

// Err implements context.Context.
func (b *bounded) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.timed != nil:
		return b.timed.Err()
	case b.ended:
		return context.Canceled
	case b.Context.Err() != nil:
		return b.Context.Err()
	case !time.Now().Before(b.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// end ends it.
func (b *bounded) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.cancel != nil {
		b.cancel()
	}
}
