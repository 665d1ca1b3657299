package store

import (
	"context"
	"sync"
)

// watchers are those who watch a Memory. The zero value has none.
type watchers struct {
	mu sync.Mutex
	// signals has a channel for each of them. It holds the signal that it wasn't awake to take; more would tell it no more.
	signals map[chan struct{}]struct{}
}

// watch calls f after each wake, or once for several, until ctx ends.
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

// wake signals to all who watch. It waits for none.
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
