package sec_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// faultyStore numbers its calls from 1, and makes a range of them fail.
type faultyStore struct {
	store.Store
	fault fault
	// first and last are the numbers of the first and the last call that fail.
	first, last int

	mu    sync.Mutex
	calls int
}

type fault string

const (
	errorBefore fault = "error before" // the call has no effect
	errorAfter  fault = "error after"  // the call takes effect, but reports an error
	hangBefore  fault = "hang before"  // the call hangs until its context ends, and has no effect
	hangAfter   fault = "hang after"   // the call takes effect, and hangs until its context ends
)

// cutOff makes all calls fail, or none.
func (f *faultyStore) cutOff(cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first, f.last = 1<<30, 1<<30
	if cut {
		f.first = 0
	}
}

func (f *faultyStore) Renew(ctx context.Context, owner string, lease time.Duration) error {
	return f.call(ctx, func() error { return f.Store.Renew(ctx, owner, lease) })
}

func (f *faultyStore) Release(ctx context.Context, id saga.ID, generation uint64) error {
	return f.call(ctx, func() error { return f.Store.Release(ctx, id, generation) })
}

// number returns the number of calls so far.
func (f *faultyStore) number() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *faultyStore) call(ctx context.Context, do func() error) error {
	f.mu.Lock()
	f.calls++
	fault := f.fault
	if f.calls < f.first || f.calls > f.last {
		fault = ""
	}
	f.mu.Unlock()
	switch fault {
	case errorBefore:
		return errStore
	case hangBefore:
		<-ctx.Done()
		return ctx.Err()
	}
	err := do()
	switch fault {
	case errorAfter:
		return errStore
	case hangAfter:
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (f *faultyStore) Create(ctx context.Context, s store.NewSaga) error {
	return f.call(ctx, func() error { return f.Store.Create(ctx, s) })
}

func (f *faultyStore) Append(ctx context.Context, a store.Append) error {
	return f.call(ctx, func() error { return f.Store.Append(ctx, a) })
}

func (f *faultyStore) Load(ctx context.Context, id saga.ID) (r saga.Record, err error) {
	err = f.call(ctx, func() error { r, err = f.Store.Load(ctx, id); return err })
	return r, err
}

func (f *faultyStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) (events []engine.Event, err error) {
	err = f.call(ctx, func() error { events, err = f.Store.Events(ctx, id, from, limit); return err })
	return events, err
}

func (f *faultyStore) Logs(ctx context.Context, ids []saga.ID) (logs [][]engine.Event, err error) {
	err = f.call(ctx, func() error { logs, err = f.Store.Logs(ctx, ids); return err })
	return logs, err
}

func (f *faultyStore) List(ctx context.Context, q saga.Query) (rs []saga.Record, err error) {
	err = f.call(ctx, func() error { rs, err = f.Store.List(ctx, q); return err })
	return rs, err
}

func (f *faultyStore) Claim(ctx context.Context, c store.Claim) (rs []saga.Record, err error) {
	err = f.call(ctx, func() error { rs, err = f.Store.Claim(ctx, c); return err })
	return rs, err
}

// The store fails at any call, in any way, for one call or for three in a row.
// A new saga, two recovered ones and a stuck one that is retried have the same
// results as with a store that doesn't fail, and no action is called more
// often.
func TestStoreFaultAtAnyCallDoesNotChangeTheResult(t *testing.T) {
	calls := 0
	for _, how := range []fault{"", errorBefore, errorAfter, hangBefore, hangAfter} {
		for _, length := range []int{1, 3} {
			for first := 1; first <= max(1, calls); first++ {
				name := fmt.Sprintf("%s at call %d to %d", how, first, first+length-1)
				synctest.Test(t, func(t *testing.T) {
					st := &faultyStore{Store: store.NewMemory(), fault: how, first: first, last: first + length - 1}
					runFourSagas(t, st, name)
					if how == "" {
						calls = st.number()
						require.Greater(t, calls, 10)
					}
				})
			}
		}
	}
}

// runFourSagas runs four sagas to their end. It repeats each call of the
// coordinator that fails because of the store.
func runFourSagas(t *testing.T, st *faultyStore, name string) {
	w := newWorld()
	w.fail("undo b")
	w.on("do c", func(ctx saga.ActionContext) error {
		if params, err := saga.Params[string](ctx); err != nil || params == "fails" {
			return saga.Permanent(errStore)
		}
		return nil
	})
	recovered := []saga.ID{
		plant(t, st.Store, chain(), saga.StateRunning, nil),
		plant(t, st.Store, chain(), saga.StateRunning, nil),
	}
	c := w.open(t, st)
	retry := func(what string, do func() error) error {
		var err error
		for range 20 {
			err = do()
			if err == nil || !isStoreError(err) {
				return err
			}
			time.Sleep(time.Second)
		}
		require.NoError(t, err, "%s: %s", name, what)
		return err
	}
	wait := func(id saga.ID) error {
		return retry("wait", func() error { _, err := c.Wait(t.Context(), id); return err })
	}

	created := saga.NewID()
	require.NoError(t, retry("create", func() error { return c.CreateAndStart(t.Context(), created, chain()) }), name)
	require.NoError(t, wait(created), name)
	for _, id := range recovered {
		require.NoError(t, wait(id), name)
	}
	assert.Equal(t, 3, w.count("do a"), name)
	assert.Equal(t, 3, w.count("do c"), name)

	failing, err := saga.NewSagaDAG(chain().DAG, "fails")
	require.NoError(t, err)
	stuck := saga.NewID()
	require.NoError(t, retry("create", func() error { return c.CreateAndStart(t.Context(), stuck, failing) }), name)
	assert.Equal(t, saga.StateStuck, failedError(t, wait(stuck)).State, name)
	w.on("undo b", nil)
	require.NoError(t, retry("retry", func() error { return c.Apply(t.Context(), stuck, saga.RetryUndo("b", audit)) }), name)
	assert.Equal(t, saga.StateFailed, failedError(t, wait(stuck)).State, name)
	assert.Equal(t, 2, w.count("undo b"), name)
	assert.Equal(t, 1, w.count("undo a"), name)
	assert.Equal(t, 4, w.count("do a"), name)
	require.NoError(t, retry("list", func() error { _, err := c.List(t.Context(), saga.Query{}); return err }), name)
}

// isStoreError reports whether an error is about the store and not about the
// saga.
func isStoreError(err error) bool {
	for _, target := range []error{
		saga.ErrSagaExists, saga.ErrNotFound, saga.ErrParked, saga.ErrWrongState, saga.ErrInvalidCommand,
	} {
		if errors.Is(err, target) {
			return false
		}
	}
	return !errors.As(err, new(*saga.FailedError))
}
