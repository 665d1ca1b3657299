package sec

import (
	"context"
	"sync"
	"time"
)

// lazyContext is a context that ends with its parent, at its deadline if it has
// one, or with cancel, like the contexts of package context. But it sets no
// timer and doesn't register with its parent until someone calls Done. A memory
// store, and an action that returns at once, never call it; timer and
// registration would be a large part of their cost.
type lazyContext struct {
	context.Context           // the parent
	deadline        time.Time // zero if there is none

	mu            sync.Mutex
	derived       context.Context // made by the first call of Done
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

// Value implements context.Context. It lets package context recognize that it
// has made the channel that Done returns, so that contexts derived from this
// one need no goroutine.
func (l *lazyContext) Value(key any) any {
	l.mu.Lock()
	derived := l.derived
	l.mu.Unlock()
	if derived != nil {
		return derived.Value(key)
	}
	return l.Context.Value(key)
}

// cancel ends the context.
func (l *lazyContext) cancel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.canceled = true
	if l.cancelDerived != nil {
		l.cancelDerived()
	}
}
