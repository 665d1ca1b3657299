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
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// The tests of this file verify that each saga has a coordinator that runs it,
// and only one.

func TestCoordinatorWithTheSameOwnerNameRecoversAfterACrash(t *testing.T) {
	for _, l := range []time.Duration{0, lease} {
		synctest.Test(t, func(t *testing.T) {
			st := store.NewMemory()
			plant(t, st, chain(), saga.StateRunning, nil)
			w := newWorld()
			w.configured(t, sec.Config{Store: st, Owner: "crashed", Lease: l})
			time.Sleep(time.Hour)
			assert.Equal(t, 1, w.count("do c"), "lease %v", l)
		})
	}
}

// A claim takes effect, but its reply is lost. The coordinator owns the sagas.
func TestSagasOfAClaimWithALostReplyAreRun(t *testing.T) {
	for _, l := range []time.Duration{0, lease} {
		synctest.Test(t, func(t *testing.T) {
			st := newFakeStore()
			st.on("Claim", at(1, losesReply))
			plant(t, st, chain(), saga.StateRunning, nil)
			w := newWorld()
			w.configured(t, sec.Config{Store: st, Lease: l})
			time.Sleep(time.Hour)
			assert.Equal(t, 1, w.count("do c"), "lease %v", l)
		})
	}
}

func TestSagaOfALateCreateIsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Create", late(5*time.Second))
		w := newWorld()
		c := w.configured(t, sec.Config{Store: st})
		require.ErrorIs(t, c.CreateAndStart(t.Context(), saga.NewID(), chain()), errStore)
		time.Sleep(time.Hour)
		assert.Equal(t, 1, w.count("do c"))
	})
}

func TestUnreadableLogDoesNotBlockOtherSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Events Logs", failsFor(plant(t, st, chain(), saga.StateRunning, nil), errors.New("bad row")))
		plant(t, st, chain(), saga.StateRunning, nil)
		w := newWorld()
		w.configured(t, sec.Config{Store: st})
		time.Sleep(time.Minute)
		assert.Equal(t, 1, w.count("do c"))
	})
}

func TestCreateAndStartMayBeRepeatedOnAnotherCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c1 := w.configured(t, sec.Config{Store: shared, Lease: lease})
		c2 := w.configured(t, sec.Config{Store: shared, Lease: lease})
		id := saga.NewID()
		require.NoError(t, c1.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		assert.NoError(t, c2.CreateAndStart(t.Context(), id, chain()))
		assert.NoError(t, c2.StartCreated(t.Context(), id))
		_, err := c2.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// failingRegistry has the action "again", which always fails and is retried
// without limit. It counts the calls, and those whose context had ended.
func failingRegistry(calls, ended *atomic.Int32) *saga.Registry {
	r := saga.NewRegistry()
	r.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, saga.None]{
		Name:     "again",
		DoPolicy: saga.Policy{MaxAttempts: saga.Unlimited, Backoff: time.Second},
		Do: func(ctx saga.ActionContext, _ saga.None) (saga.None, error) {
			calls.Add(1)
			if ctx.Err() != nil {
				ended.Add(1)
			}
			return saga.None{}, errors.New("again")
		},
	}))
	return r
}

func againDAG() *saga.SagaDAG {
	return withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "again")))
}

func TestAttemptsEndWithTheLeaseSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		var calls, ended atomic.Int32
		c := newWorld().configured(t, sec.Config{Store: st, Lease: lease, Registry: failingRegistry(&calls, &ended)})
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), againDAG()))
		synctest.Wait()
		st.on(everyMethod, fails)
		time.Sleep(lease)
		before := calls.Load()
		time.Sleep(time.Hour)
		assert.Equal(t, before, calls.Load())
		assert.Zero(t, ended.Load())
		st.on(everyMethod, passes)
	})
}

func TestAttemptsEndWhenTheSagaIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, ended atomic.Int32
		c := newWorld().configured(t, sec.Config{Registry: failingRegistry(&calls, &ended)})
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, againDAG()))
		synctest.Wait()
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		require.NoError(t, c.Apply(t.Context(), id, saga.Abandon(audit)))
		before := calls.Load()
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateAbandoned, failedError(t, err).State)
		time.Sleep(time.Hour)
		assert.Equal(t, before, calls.Load())

		require.NoError(t, c.Delete(t.Context(), id))
		require.NoError(t, c.CreateAndStart(t.Context(), id, againDAG()), "the ID can be used again")
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, saga.StateRunning, status.State)
	})
}

func TestSecondStopWaitsForRunningActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Bool
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error {
			running.Store(true)
			time.Sleep(time.Hour)
			running.Store(false)
			return nil
		})
		c := w.start(t, store.NewMemory())
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), chain()))
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		require.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		require.NoError(t, c.Stop(t.Context()))
		assert.False(t, running.Load())
	})
}

func TestStopWaitsForTheObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &recorder{then: func() { time.Sleep(time.Millisecond) }}
		c, err := sec.New(sec.Config{Registry: newWorld().registry(), Observer: seen})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		_, _, err = run(t, c, chain())
		require.NoError(t, err)
		require.NoError(t, c.Stop(t.Context()))
		assert.Contains(t, seen.all(), "state succeeded")
	})
}

func TestReleasedLeasesAreNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Renew", func(c *call) error {
			err := c.do()
			if c.lease == 0 {
				time.Sleep(lease / 3) // longer than the time between two renewals
			}
			return err
		})
		c, err := sec.New(sec.Config{Store: st, Registry: newWorld().registry(), Lease: lease})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		require.NoError(t, c.Create(t.Context(), saga.NewID(), chain()))
		time.Sleep(3 * time.Second)
		require.NoError(t, c.Stop(t.Context()))
		claimed, err := st.Claim(t.Context(), store.Claim{Owner: "next", Lease: lease})
		require.NoError(t, err)
		assert.Len(t, claimed, 1)
	})
}

func TestAbandonIsRefusedForAParkedSagaThatAnotherCoordinatorRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		id := plant(t, shared, chain(), saga.StateRunning, nil)
		old := openWith(t, shared, saga.NewRegistry()) // its registry is empty
		synctest.Wait()
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := w.open(t, shared)
		synctest.Wait()
		assert.ErrorIs(t, old.Apply(t.Context(), id, saga.Abandon(audit)), saga.ErrWrongState)
		_, err := c.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}
