package sec

import (
	"context"
	"sync"
	"time"
)

// lazy is a context that ends with its parent, at a deadline if it has one, or with end, as those that package context makes. But
// it sets no timer, and isn't known to its parent, until somebody waits for its end. A store in memory and an action that returns at once
// never do, and the rest would be a large part of their cost.
type lazyContext struct {
	context.Context           // the parent
	deadline        time.Time // zero if there is none

	mu            sync.Mutex
	derived       context.Context // made when it is needed
	cancelDerived context.CancelFunc
	canceled      bool
}

func newLazyTimeout(parent context.Context, timeout time.Duration) *lazyContext {
	return &lazyContext{Context: parent, deadline: time.Now().Add(timeout)}
}

// Deadline implements context.Context.
func (l *lazyContext) Deadline() (time.Time, bool) {
	deadline, ok := l.Context.Deadline()
	if l.deadline.IsZero() || ok && deadline.Before(l.deadline) {
		return deadline, ok
	}
	return l.deadline, true
}

// Done implements context.Context.
func (l *lazyContext) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.derived == nil {
		if l.deadline.IsZero() {
			l.derived, l.cancelDerived = context.WithCancel(l.Context)
		} else {
			l.derived, l.cancelDerived = context.WithDeadline(l.Context, l.deadline)
		}
		if l.canceled {
			l.cancelDerived()
		}
	}
	return l.derived.Done()
}

// Err implements context.Context.
func (l *lazyContext) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.derived != nil:
		return l.derived.Err()
	case l.canceled:
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
func (l *lazyContext) Value(key any) any {
	l.mu.Lock()
	derived := l.derived
	l.mu.Unlock()
	if derived != nil {
		return derived.Value(key)
	}
	return l.Context.Value(key)
}

// end ends it.
func (l *lazyContext) cancel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.canceled = true
	if l.cancelDerived != nil {
		l.cancelDerived()
	}
}
