package storetest

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/store"
)

var watchPromises = []promise{
	{
		name:     "wakes on a change by any process",
		database: watchWakesOnAnyChange,
		quotes: []string{
			"Watch calls wake when any process has created an unowned saga, has released a saga or has notified an " +
				"owner, so that a coordinator needn't wait for its next poll.",
			"A wake-up is only a hint: it may be spurious, and one call may stand for several changes.",
			"Watch doesn't report changes that were made before it was called or while the database was unreachable.",
		},
	},
	{
		name:     "calls wake in the caller's goroutine",
		database: watchCallsWakeInCallersGoroutine,
		quotes:   []string{"It calls wake in the caller's goroutine."},
	},
	{
		name:     "returns when its context is done, and can be called again",
		database: watchReturnsWhenItsContextIsDone,
		quotes: []string{
			"It returns the context's error when ctx is done, and another error if it can't watch any longer.",
			"The caller may then call Watch again.",
		},
	},
	{
		name:     "allows wake to use the store and to cancel the watch",
		database: watchAllowsWakeToUseStore,
	},
	{
		name:     "doesn't block writers while wake runs",
		database: watchDoesntBlockWriters,
	},
}

var noWatchPromises = []promise{
	{
		name:  "is unsupported",
		check: watchIsUnsupported,
		quotes: []string{
			"A store that can't watch at all returns an error that wraps errors.ErrUnsupported; coordinators then " +
				"rely on polling.",
		},
	},
}

func watchWakesOnAnyChange(t *testing.T, open Opener) {
	watched, owned := open(t), newSaga()
	create(t, watched, owned)
	first, second := startWatch(t, watched), startWatch(t, watched)
	for _, s := range []store.Store{watched, open(t)} {
		for _, do := range []func(){
			func() { create(t, s, unowned("q")) },
			func() { notifyOwner(t, s, owned) },
			func() { release(t, s, owned) },
		} {
			first.settle(t)
			second.settle(t)
			do()
			first.requireWake(t)
			second.requireWake(t)
		}
	}
}

func watchCallsWakeInCallersGoroutine(t *testing.T, open Opener) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	callers, wakers, ended := make(chan string, 1), make(chan string, 1), make(chan error, 1)
	go func() {
		callers <- goroutine()
		ended <- s.Watch(ctx, func() {
			select {
			case wakers <- goroutine():
			default:
			}
		})
	}()
	woken := make(chan struct{}, 1)
	var waker string
	until(t, woken, func() {
		create(t, s, unowned(""))
		select {
		case waker = <-wakers:
			woken <- struct{}{}
		case <-time.After(50 * time.Millisecond):
		}
	})
	assert.Equal(t, <-callers, waker)
	cancel()
	require.ErrorIs(t, receive(ended), context.Canceled)
}

// goroutine returns the name of the goroutine that calls it, such as "goroutine
// 7".
func goroutine() string {
	name, _, _ := strings.Cut(string(debug.Stack()), " [")
	return name
}

func watchReturnsWhenItsContextIsDone(t *testing.T, open Opener) {
	s := open(t)
	for range 3 {
		w := startWatch(t, s)
		create(t, s, unowned(""))
		w.requireWake(t)
		require.ErrorIs(t, w.stop(), context.Canceled)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, watchFor(short, s), context.DeadlineExceeded)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, watchFor(ended, s), context.Canceled)
}

func watchAllowsWakeToUseStore(t *testing.T, open Opener) {
	s := open(t)
	n := unowned("q")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	claimed := make(chan struct{})
	go func() {
		ended <- s.Watch(ctx, func() {
			records, err := s.Claim(ctx, store.Claim{Owner: bob, Queue: "q", Lease: time.Hour})
			if assert.NoError(t, err) && len(records) > 0 {
				assert.Equal(t, sagaIDs(n), recordIDs(records))
				close(claimed)
				cancel()
			}
		})
	}()
	create(t, s, n)
	// The watch may have begun after n was created.
	until(t, claimed, func() { create(t, s, unowned("other")) })
	require.ErrorIs(t, receive(ended), context.Canceled)
}

func watchDoesntBlockWriters(t *testing.T, open Opener) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	unblock, ended := make(chan struct{}), make(chan error, 1)
	begun := make(chan struct{}, 1)
	go func() {
		ended <- s.Watch(ctx, func() {
			select {
			case begun <- struct{}{}:
			default:
			}
			<-unblock
		})
	}()
	until(t, begun, func() { create(t, s, unowned("")) })
	n := newSaga()
	create(t, s, n)
	for range 30 {
		create(t, s, unowned(""))
		notifyOwner(t, s, n)
	}
	require.NoError(t, s.Append(t.Context(), next(n.ID, 1, 32, 1)))
	cancel()
	close(unblock)
	require.ErrorIs(t, receive(ended), context.Canceled)
}

func watchIsUnsupported(t *testing.T, s store.Store) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.ErrorIs(t, s.Watch(ctx, func() { assert.Fail(t, "woken") }), errors.ErrUnsupported)
}

// watch is a running call of Watch.
type watch struct {
	store  store.Store
	woken  chan struct{}
	ended  chan error
	cancel context.CancelFunc
}

// startWatch calls Watch in a goroutine and returns when the watch has begun.
// The watch ends with the test at the latest.
func startWatch(t *testing.T, s store.Store) *watch {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watch{store: s, woken: make(chan struct{}, 1), ended: make(chan error, 2), cancel: cancel}
	go func() {
		w.ended <- s.Watch(ctx, func() {
			select {
			case w.woken <- struct{}{}:
			default: // a wake-up is pending
			}
		})
	}()
	t.Cleanup(func() { _ = w.stop() })
	until(t, w.woken, func() { create(t, s, unowned("settle")) })
	return w
}

func (w *watch) stop() error {
	w.cancel()
	err := receive(w.ended)
	w.ended <- err
	return err
}

// watchFor calls Watch and returns its error.
func watchFor(ctx context.Context, s store.Store) error {
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(ctx, func() {}) }()
	return receive(ended)
}

// receive returns the error of a Watch, which must return soon. Otherwise it
// returns an error that says so.
func receive(ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-time.After(30 * time.Second):
		return errors.New("no return from Watch within 30s of the end of its context")
	}
}

// settle waits until there has been no wake-up for a while. The next wake-up is
// then due to the next change.
func (w *watch) settle(t *testing.T) {
	t.Helper()
	for {
		select {
		case <-w.woken:
		case <-time.After(100 * time.Millisecond):
			return
		}
	}
}

func (w *watch) requireWake(t *testing.T) {
	t.Helper()
	select {
	case <-w.woken:
	case err := <-w.ended:
		w.ended <- err
		require.NoError(t, err, "Watch returned")
	case <-time.After(30 * time.Second):
		require.Fail(t, "no wake-up within 30s")
	}
}

// until calls do repeatedly until it receives a signal.
func until(t *testing.T, signal <-chan struct{}, do func()) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		do()
		select {
		case <-signal:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	require.Fail(t, "no wake-up within 30s")
}
