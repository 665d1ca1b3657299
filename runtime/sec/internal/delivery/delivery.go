// Package delivery passes values to a function of the user in a separate
// goroutine, so that the function can't block the callers that report them.
package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
)

// Queue passes values to a function, one after the other, in the goroutine of
// Run. Adding a value never blocks: if the function is too slow, values are
// dropped and counted. If the function panics, the panic is logged.
type Queue[T any] struct {
	// These are constant.
	deliver func(T)
	drops   func(n uint64) T
	logger  *slog.Logger

	// These are safe for concurrent use.
	values   chan T
	dropped  atomic.Uint64 // since the last value of drops
	finished chan struct{} // closed when Run has returned
}

// New returns a queue of at most size values for the function deliver. When
// values were dropped, deliver receives the value that drops returns for their
// number.
func New[T any](size int, deliver func(T), drops func(n uint64) T, logger *slog.Logger) *Queue[T] {
	return &Queue[T]{
		deliver: deliver, drops: drops, logger: logger,
		values: make(chan T, size), finished: make(chan struct{}),
	}
}

// Add queues a value, or drops it if the queue is full.
func (q *Queue[T]) Add(v T) {
	select {
	case q.values <- v:
	default:
		q.dropped.Add(1)
	}
}

// Finished is closed when Run has delivered the last value.
func (q *Queue[T]) Finished() <-chan struct{} { return q.finished }

// Run delivers values until lifetime ends, and then those that are left in the
// queue. If the function calls runtime.Goexit, Run continues in a new
// goroutine.
func (q *Queue[T]) Run(lifetime context.Context) {
	finished := false
	defer func() {
		if finished {
			close(q.finished)
			return
		}
		q.logger.Error("observer called runtime.Goexit; calling it in a new goroutine")
		go q.Run(lifetime)
	}()
	for {
		select {
		case v := <-q.values:
			q.call(v)
		case <-lifetime.Done():
			for {
				select {
				case v := <-q.values:
					q.call(v)
				default:
					q.reportDropped()
					finished = true
					return
				}
			}
		}
		q.reportDropped()
	}
}

func (q *Queue[T]) reportDropped() {
	if n := q.dropped.Swap(0); n > 0 {
		q.call(q.drops(n))
	}
}

// call calls the function, and logs a panic.
func (q *Queue[T]) call(v T) {
	defer func() {
		if v := recover(); v != nil {
			q.logger.Error("observer panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
	}()
	q.deliver(v)
}
