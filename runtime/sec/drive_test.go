package sec_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// The tests of this file are about what comes for a saga while somebody attends to it, and waits for the store.

// slowStore takes a second for each append.
type slowStore struct{ store.Store }

func (s *slowStore) Append(ctx context.Context, a store.Append) error {
	time.Sleep(time.Second)
	return s.Store.Append(ctx, a)
}

// An outcome comes while that of another node is being written, which makes an action due.
func TestOutcomeThatComesDuringAnAppendIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(500 * time.Millisecond); return nil })
		c := w.open(t, &slowStore{store.NewMemory()})
		dag := withParams(saga.NewDAGBuilder("s").AppendParallel(act("a"), act("b")).Node(act("a2"), "a").Node(act("b2"), "b").Node(act("last"), "a2", "b2"))
		_, _, err := run(t, c, dag)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"do a", "do b", "do a2", "do b2", "do last"}, w.calls())
	})
}

func TestRequestThatComesDuringAnAppendIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, &slowStore{store.NewMemory()})
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		go func() { assert.NoError(t, c.SetBreakpoint(t.Context(), id, "b", because)) }()
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		require.NoError(t, c.Pause(ctx, id, because))
	})
}

// The last append of a saga is under way, and nobody will attend to it any more.
func TestRequestThatComesDuringTheLastAppendIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().open(t, &slowStore{store.NewMemory()})
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, withParams(saga.NewDAGBuilder("s").Append(act("a")))))
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		assert.ErrorIs(t, c.Pause(ctx, id, because), saga.ErrWrongState)
	})
}

func TestShutdownThatComesDuringAnAppendIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().start(t, &slowStore{store.NewMemory()})
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		go func() { assert.NoError(t, c.Pause(t.Context(), id, because)) }()
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		require.NoError(t, c.Shutdown(ctx))
	})
}

// A slot is granted to a saga that is being attended to, and to one that ends without having used it.
func TestSlotThatComesDuringAnAppendIsUsed(t *testing.T) {
	for name, cancels := range map[string]bool{"by the saga": false, "by the next one, as the saga is canceled": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				c := w.configured(t, sec.Config{Store: &slowStore{store.NewMemory()}, MaxSagas: 1})
				ids := []saga.ID{saga.NewID(), saga.NewID(), saga.NewID()}
				for _, id := range ids {
					require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
					synctest.Wait()
				}
				require.NoError(t, c.SetBreakpoint(t.Context(), ids[1], "c", because))
				time.Sleep(1500 * time.Millisecond) // half a second before the first one ends
				if cancels {
					require.NoError(t, c.Cancel(t.Context(), ids[1], because))
				} else {
					require.NoError(t, c.ClearBreakpoint(t.Context(), ids[1], "c", because))
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

func TestSagaThatEndsWhileItWaitsForASlotIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(10 * time.Second); return nil })
		c := w.configured(t, sec.Config{MaxSagas: 1})
		ids := []saga.ID{saga.NewID(), saga.NewID(), saga.NewID()}
		for _, id := range ids {
			require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
			synctest.Wait()
		}
		require.NoError(t, c.Cancel(t.Context(), ids[1], because))
		_, err := c.Wait(t.Context(), ids[1])
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		_, err = c.Wait(ctx, ids[2])
		require.NoError(t, err)
	})
}

// A saga that is attended to again and again while it waits for a slot gets one, and not one for each time.
func TestSagaThatWaitsForASlotGetsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		takes := map[saga.ID]time.Duration{}
		w.on("do a", func(ctx saga.ActionContext) error { time.Sleep(takes[ctx.SagaID()]); return nil })
		c := w.configured(t, sec.Config{MaxSagas: 2})
		var ids []saga.ID
		for _, d := range []time.Duration{5 * time.Second, 10 * time.Second, time.Hour, 0} {
			ids = append(ids, saga.NewID())
			takes[ids[len(ids)-1]] = d
		}
		for i, id := range ids {
			if i == 3 {
				require.NoError(t, c.SetBreakpoint(t.Context(), ids[2], "c", because))
			}
			require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
			synctest.Wait()
		}
		began := time.Now()
		_, err := c.Wait(t.Context(), ids[3])
		require.NoError(t, err)
		assert.Equal(t, 10*time.Second, time.Since(began))
		require.NoError(t, c.ClearBreakpoint(t.Context(), ids[2], "c", because))
	})
}
