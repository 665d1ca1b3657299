package sec

import (
	"context"
	"sync"
	"time"
)

// lazy is a context that ends with its parent, at a deadline if it has one, or with end, as those that package context makes. But
// it sets no timer, and isn't known to its parent, until somebody waits for its end. A store in memory and an action that returns at once
// never do, and the rest would be a large part of their cost.
type lazy struct {
	context.Context           // the parent
	deadline        time.Time // zero if there is none

	mu     sync.Mutex
	waited context.Context // made when it is needed
	cancel context.CancelFunc
	ended  bool
}

func newBounded(parent context.Context, timeout time.Duration) *lazy {
	return &lazy{Context: parent, deadline: time.Now().Add(timeout)}
}

// Deadline implements context.Context.
func (l *lazy) Deadline() (time.Time, bool) {
	deadline, ok := l.Context.Deadline()
	if l.deadline.IsZero() || ok && deadline.Before(l.deadline) {
		return deadline, ok
	}
	return l.deadline, true
}

// Done implements context.Context.
func (l *lazy) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waited == nil {
		if l.deadline.IsZero() {
			l.waited, l.cancel = context.WithCancel(l.Context)
		} else {
			l.waited, l.cancel = context.WithDeadline(l.Context, l.deadline)
		}
		if l.ended {
			l.cancel()
		}
	}
	return l.waited.Done()
}

// Err implements context.Context.
func (l *lazy) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.waited != nil:
		return l.waited.Err()
	case l.ended:
		return context.Canceled
	case l.Context.Err() != nil:
		return l.Context.Err()
	case !l.deadline.IsZero() && !time.Now().Before(l.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context. Package context finds by it that it made what Done returns, and so needs no
// goroutine for a context that is derived from this one.
func (l *lazy) Value(key any) any {
	l.mu.Lock()
	waited := l.waited
	l.mu.Unlock()
	if waited != nil {
		return waited.Value(key)
	}
	return l.Context.Value(key)
}

// end ends it.
func (l *lazy) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.cancel != nil {
		l.cancel()
	}
}
