package store

import (
	"context"
	"sync"
)

// watchers are the running calls of a Memory's Watch. The zero value has none.
type watchers struct {
	mu sync.Mutex
	// signals has a channel for each call. Its capacity is 1: a watcher that is
	// busy finds one pending signal, and more would add no information.
	signals map[chan struct{}]struct{}
}

// watch calls f after each wake, or once after several, until ctx is done.
func (w *watchers) watch(ctx context.Context, f func()) error {
	signal := make(chan struct{}, 1)
	w.mu.Lock()
	if w.signals == nil {
		w.signals = map[chan struct{}]struct{}{}
	}
	w.signals[signal] = struct{}{}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.signals, signal)
	}()
	for ctx.Err() == nil {
		select {
		case <-signal:
			f()
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// wake signals all watchers. It doesn't block.
func (w *watchers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for signal := range w.signals {
		select {
		case signal <- struct{}{}:
		default:
		}
	}
}
