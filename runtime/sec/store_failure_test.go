package sec_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// Whichever write fails, before or after it takes effect, the saga has the same
// result as without the failure, and no action is called more often.
func TestFailedWriteIsRetriedAndTakesEffectOnce(t *testing.T) {
	for when, failure := range map[string]script{"before": fails, "after": losesReply} {
		for n := 1; n <= 5; n++ {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.fail("do c")
				st := newFakeStore()
				st.on("Append", between(n, n+1, failure))
				c := w.open(t, st)
				id, _, err := run(t, c, chain())
				assert.Equal(t, saga.StateFailed, failedError(t, err).State, "%s append %d", when, n)
				assert.Equal(t, []string{"do a", "do b", "do c", "undo b", "undo a"}, w.calls(), "%s append %d", when, n)
				assert.Len(t, kinds(t, c, id), 10, "%s append %d", when, n)
			})
		}
	}
}

func TestCoordinatorContinuesWhenTheStoreRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := newFakeStore()
		st.on("Append", fails)
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		st.on("Append", passes)
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

func TestCommandForAStuckSagaIsBoundedByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		st := newFakeStore()
		c := w.open(t, st)
		id, _, err := run(t, c, chain())
		require.Error(t, err)
		st.on("Events", hangs)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		err = c.Apply(ctx, id, saga.RetryUndo("a", audit))
		assert.Equal(t, 100*time.Millisecond, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, id.String())
		require.ErrorContains(t, err, "it may have been recorded")
		st.on("Events", passes)
		time.Sleep(time.Hour) // the retry of the undo has failed by then
		require.NoError(t, c.Apply(t.Context(), id, saga.MarkUndone("a", audit)))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
	})
}

func TestRepeatedCreateOfAnUndecodableSagaReportsThatItIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := newFakeStore()
		c := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Stop(t.Context()))
		st.on("Load Claim", func(c *call) error {
			err := c.do()
			for i := range c.records {
				c.records[i].DAG, c.records[i].DAGErr = nil, errors.New("key k1 is missing")
			}
			return err
		})
		c = w.open(t, st)
		settle()
		err := c.CreateAndStart(t.Context(), id, chain())
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorContains(t, err, "key k1 is missing")
		assert.NotErrorIs(t, err, saga.ErrSagaExists)
	})
}

// The store fails at any call, in any way, for one call or for three in a row.
// A new saga, two recovered ones and a stuck one that is retried have the same
// results as with a store that doesn't fail, and no action is called more
// often.
func TestStoreFaultAtAnyCallDoesNotChangeTheResult(t *testing.T) {
	var calls int
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		runFourSagas(t, st, "no fault")
		calls = st.calls(everyMethod)
		require.Greater(t, calls, 10)
	})
	for how, fault := range map[string]script{
		"fails": fails, "loses the reply": losesReply, "hangs": hangs, "hangs afterwards": hangsAfterwards,
	} {
		for _, length := range []int{1, 3} {
			for first := 1; first <= calls; first++ {
				synctest.Test(t, func(t *testing.T) {
					st := newFakeStore()
					st.on(everyMethod, between(first, first+length-1, fault))
					runFourSagas(t, st, fmt.Sprintf("%s at call %d to %d", how, first, first+length-1))
				})
			}
		}
	}
}

// runFourSagas runs four sagas to their end. It repeats each call of the
// coordinator that fails because of the store.
func runFourSagas(t *testing.T, st *fakeStore, name string) {
	w := newWorld()
	w.fail("undo b")
	w.on("do c", func(ctx saga.ActionContext) error {
		if params, err := saga.Params[string](ctx); err != nil || params == "fails" {
			return saga.Permanent(errStore)
		}
		return nil
	})
	recovered := []saga.ID{
		plant(t, st.memory, chain(), saga.StateRunning, nil),
		plant(t, st.memory, chain(), saga.StateRunning, nil),
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
