package sec_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// The tests of this file are about mail that arrives while the driver of a saga
// waits for the store.

// newSlowStore returns a store whose appends take a second each.
func newSlowStore() *fakeStore {
	st := newFakeStore()
	st.on("Append", takes(time.Second, passes))
	return st
}

// An outcome arrives while the outcome of another node is being appended. It
// makes an action runnable.
func TestOutcomeDuringAnAppendIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(500 * time.Millisecond); return nil })
		c := w.open(t, newSlowStore())
		dag := withParams(saga.NewDAGBuilder("s").AppendParallel(act("a"), act("b")).
			Node(act("a2"), "a").Node(act("b2"), "b").Node(act("last"), "a2", "b2"))
		_, _, err := run(t, c, dag)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"do a", "do b", "do a2", "do b2", "do last"}, w.calls())
	})
}

func TestRequestDuringAnAppendIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, newSlowStore())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		go func() { assert.NoError(t, c.Apply(t.Context(), id, saga.SetBreakpoint("b", audit))) }()
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		require.NoError(t, c.Apply(ctx, id, saga.Pause(audit)))
	})
}

// The last append of a saga is in progress. No driver follows it.
func TestRequestDuringTheLastAppendIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().open(t, newSlowStore())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, withParams(saga.NewDAGBuilder("s").Append(act("a")))))
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		assert.ErrorIs(t, c.Apply(ctx, id, saga.Pause(audit)), saga.ErrWrongState)
	})
}

func TestStopDuringAnAppendReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().start(t, newSlowStore())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		go func() { assert.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit))) }()
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		require.NoError(t, c.Stop(ctx))
	})
}

// A saga is admitted while its driver waits for the store. If the saga is
// canceled and finishes without its admission, the next one is admitted.
func TestAdmissionDuringAnAppendIsUsed(t *testing.T) {
	for name, cancels := range map[string]bool{"by the saga": false, "by the next saga": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				c := w.configured(t, sec.Config{Store: newSlowStore(), MaxSagas: 1})
				ids := []saga.ID{saga.NewID(), saga.NewID(), saga.NewID()}
				for _, id := range ids {
					require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
					synctest.Wait()
				}
				require.NoError(t, c.Apply(t.Context(), ids[1], saga.SetBreakpoint("c", audit)))
				time.Sleep(1500 * time.Millisecond) // half a second before the first saga finishes
				if cancels {
					require.NoError(t, c.Apply(t.Context(), ids[1], saga.Cancel(audit)))
				} else {
					require.NoError(t, c.Apply(t.Context(), ids[1], saga.ClearBreakpoint("c", audit)))
				}
				for i, id := range ids {
					ctx, cancel := contextFor(t, time.Minute)
					defer cancel()
					if _, err := c.Wait(ctx, id); cancels && i == 1 {
						assert.Equal(t, saga.StateFailed, failedError(t, err).State)
					} else {
						require.NoError(t, err, "saga %d", i)
					}
				}
			})
		})
	}
}

func TestAdmissionSkipsACanceledSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(10 * time.Second); return nil })
		c := w.configured(t, sec.Config{MaxSagas: 1})
		ids := []saga.ID{saga.NewID(), saga.NewID(), saga.NewID()}
		for _, id := range ids {
			require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
			synctest.Wait()
		}
		require.NoError(t, c.Apply(t.Context(), ids[1], saga.Cancel(audit)))
		_, err := c.Wait(t.Context(), ids[1])
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		_, err = c.Wait(ctx, ids[2])
		require.NoError(t, err)
	})
}

// A saga makes several steps while it waits for admission. It is admitted once,
// not once for each step.
func TestWaitingSagaIsAdmittedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		durations := map[saga.ID]time.Duration{}
		w.on("do a", func(ctx saga.ActionContext) error { time.Sleep(durations[ctx.SagaID()]); return nil })
		c := w.configured(t, sec.Config{MaxSagas: 2})
		var ids []saga.ID
		for _, d := range []time.Duration{5 * time.Second, 10 * time.Second, time.Hour, 0} {
			ids = append(ids, saga.NewID())
			durations[ids[len(ids)-1]] = d
		}
		for i, id := range ids {
			if i == 3 {
				require.NoError(t, c.Apply(t.Context(), ids[2], saga.SetBreakpoint("c", audit)))
			}
			require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
			synctest.Wait()
		}
		began := time.Now()
		_, err := c.Wait(t.Context(), ids[3])
		require.NoError(t, err)
		assert.Equal(t, 10*time.Second, time.Since(began))
		require.NoError(t, c.Apply(t.Context(), ids[2], saga.ClearBreakpoint("c", audit)))
	})
}
