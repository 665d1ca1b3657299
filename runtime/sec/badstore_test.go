package sec_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// Whichever write fails, before or after it takes effect, the saga has the same
// result as without the failure, and no action is called more often.
func TestFailedWriteIsRetriedAndTakesEffectOnce(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		for n := 2; n <= 6; n++ { // the first is the create
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.fail("do c")
				st := &spyStore{Store: store.NewMemory()}
				failOnce := func(i int) error {
					if i == n || i == n+1 {
						return errStore
					}
					return nil
				}
				if when == "before" {
					st.before = failOnce
				} else {
					st.after = failOnce
				}
				c := w.open(t, st)
				id, _, err := run(t, c, chain())
				assert.Equal(t, saga.StateFailed, failedError(t, err).State, "%s write %d", when, n)
				assert.Equal(t, []string{"do a", "do b", "do c", "undo b", "undo a"}, w.calls(), "%s write %d", when, n)
				assert.Len(t, kinds(t, c, id), 10, "%s write %d", when, n)
			})
		}
	}
}

func TestCoordinatorContinuesWhenTheStoreRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := &spyStore{Store: store.NewMemory()}
		var down atomic.Bool
		down.Store(true)
		st.before = func(n int) error {
			if n > 1 && down.Load() {
				return errStore
			}
			return nil
		}
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		down.Store(false)
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// hangingEvents is a store whose Events, while hangs is true, doesn't return
// until its context ends.
type hangingEvents struct {
	store.Store
	hangs atomic.Bool
}

func (h *hangingEvents) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	if h.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.Store.Events(ctx, id, from, limit)
}

func TestCommandForAStuckSagaIsBoundedByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		st := &hangingEvents{Store: store.NewMemory()}
		c := w.open(t, st)
		id, _, err := run(t, c, chain())
		require.Error(t, err)
		st.hangs.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		err = c.Apply(ctx, id, saga.RetryUndo("a", audit))
		assert.Equal(t, 100*time.Millisecond, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, id.String())
		require.ErrorContains(t, err, "it may have been recorded")
		st.hangs.Store(false)
		time.Sleep(time.Hour) // the retry of the undo has failed by then
		require.NoError(t, c.Apply(t.Context(), id, saga.MarkUndone("a", audit)))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
	})
}

// withoutKey is a store that can't decode DAGs, as it lacks a key.
type withoutKey struct{ store.Store }

func (w withoutKey) Load(ctx context.Context, id saga.ID) (saga.Record, error) {
	r, err := w.Store.Load(ctx, id)
	r.DAG, r.DAGErr = nil, errors.New("key k1 is missing")
	return r, err
}

func (w withoutKey) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	records, err := w.Store.Claim(ctx, c)
	for i := range records {
		records[i].DAG, records[i].DAGErr = nil, errors.New("key k1 is missing")
	}
	return records, err
}

func TestRepeatedCreateOfAnUndecodableSagaReportsThatItIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := store.NewMemory()
		c := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Stop(t.Context()))
		c = w.open(t, withoutKey{st})
		settle()
		err := c.CreateAndStart(t.Context(), id, chain())
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorContains(t, err, "key k1 is missing")
		assert.NotErrorIs(t, err, saga.ErrSagaExists)
	})
}
