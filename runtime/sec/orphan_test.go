package sec_test

import (
	"context"
	"errors"
	"slices"
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

// The tests of this file hold that there is no saga which nobody runs, and none that two run.

func TestCoordinatorOfTheSameNameRecoversAfterACrash(t *testing.T) {
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

// A claim whose reply is lost has made this coordinator the owner.
func TestSagasOfALostClaimAreRun(t *testing.T) {
	for _, l := range []time.Duration{0, lease} {
		synctest.Test(t, func(t *testing.T) {
			st := &faultyStore{Store: store.NewMemory(), fault: errorAfter, first: 1, last: 1}
			plant(t, st.Store, chain(), saga.StateRunning, nil)
			w := newWorld()
			w.configured(t, sec.Config{Store: st, Lease: l})
			time.Sleep(time.Hour)
			assert.Equal(t, 1, w.count("do c"), "lease %v", l)
		})
	}
}

// lateStore has the effect of a create long after the call has failed.
type lateStore struct{ store.Store }

func (l *lateStore) Create(_ context.Context, s store.NewSaga) error {
	go func() {
		time.Sleep(5 * time.Second)
		_ = l.Store.Create(context.Background(), s)
	}()
	return errStore
}

func TestSagaOfALateCreateIsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.configured(t, sec.Config{Store: &lateStore{store.NewMemory()}})
		require.ErrorIs(t, c.CreateAndStart(t.Context(), saga.NewID(), chain()), errStore)
		time.Sleep(time.Hour)
		assert.Equal(t, 1, w.count("do c"))
	})
}

// poisonStore can't read the log of one saga.
type poisonStore struct {
	store.Store
	poison saga.ID
}

func (p *poisonStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error) {
	if id == p.poison {
		return nil, errors.New("bad row")
	}
	return p.Store.Events(ctx, id, from, limit)
}

func (p *poisonStore) Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error) {
	if slices.Contains(ids, p.poison) {
		return nil, errors.New("bad row")
	}
	return p.Store.Logs(ctx, ids)
}

func TestLogThatCanNotBeReadHoldsUpNoOtherSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &poisonStore{Store: store.NewMemory()}
		p.poison = plant(t, p.Store, chain(), saga.StateRunning, nil)
		plant(t, p.Store, chain(), saga.StateRunning, nil)
		w := newWorld()
		w.configured(t, sec.Config{Store: p})
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
		assert.NoError(t, c2.Start(t.Context(), id))
		_, err := c2.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// tireless is a registry with the action "again", which fails and is called again nearly for ever. It counts its calls, and those of
// them that had a context which had ended.
func tireless(calls, dead *atomic.Int32) *saga.Registry {
	r := saga.NewRegistry()
	r.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, saga.None]{
		Name:     "again",
		DoPolicy: saga.Policy{MaxAttempts: saga.Unlimited, Backoff: time.Second},
		Do: func(ctx saga.ActionContext, _ saga.None) (saga.None, error) {
			calls.Add(1)
			if ctx.Err() != nil {
				dead.Add(1)
			}
			return saga.None{}, errors.New("again")
		},
	}))
	return r
}

func againDAG() *saga.SagaDAG {
	return withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "again")))
}

func TestAttemptsEndWithTheTenure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := &faultyStore{Store: store.NewMemory(), fault: errorBefore, first: 1 << 30, last: 1 << 30}
		var calls, dead atomic.Int32
		c := newWorld().configured(t, sec.Config{Store: cut, Lease: lease, Registry: tireless(&calls, &dead)})
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), againDAG()))
		synctest.Wait()
		cut.cutOff(true)
		time.Sleep(lease)
		before := calls.Load()
		time.Sleep(time.Hour)
		assert.Equal(t, before, calls.Load())
		assert.Zero(t, dead.Load())
		cut.cutOff(false)
	})
}

func TestAttemptsEndWhenTheSagaIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, dead atomic.Int32
		c := newWorld().configured(t, sec.Config{Registry: tireless(&calls, &dead)})
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, againDAG()))
		synctest.Wait()
		require.NoError(t, c.Pause(t.Context(), id, because))
		require.NoError(t, c.Abandon(t.Context(), id, because))
		before := calls.Load()
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateAbandoned, failedError(t, err).State)
		time.Sleep(time.Hour)
		assert.Equal(t, before, calls.Load())

		require.NoError(t, c.Delete(t.Context(), id))
		require.NoError(t, c.CreateAndStart(t.Context(), id, againDAG()), "the id is free again")
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, saga.StateRunning, status.State)
	})
}

func TestSecondShutdownWaitsForWhatRuns(t *testing.T) {
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
		require.ErrorIs(t, c.Shutdown(ctx), context.DeadlineExceeded)
		require.NoError(t, c.Shutdown(t.Context()))
		assert.False(t, running.Load())
	})
}

func TestShutdownLetsTheObserverHearAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &recorder{then: func() { time.Sleep(time.Millisecond) }}
		c, err := sec.New(sec.Config{Registry: newWorld().registry(), Observer: seen})
		require.NoError(t, err)
		_, _, err = run(t, c, chain())
		require.NoError(t, err)
		require.NoError(t, c.Shutdown(t.Context()))
		assert.Contains(t, seen.all(), "state succeeded")
	})
}

// slowRenew is slow to give leases back.
type slowRenew struct{ store.Store }

func (r *slowRenew) Renew(ctx context.Context, owner string, l time.Duration) error {
	err := r.Store.Renew(ctx, owner, l)
	if l == 0 {
		time.Sleep(lease / 3) // longer than the time between two renewals
	}
	return err
}

func TestLeasesThatAreGivenBackAreNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slowRenew{store.NewMemory()}
		c, err := sec.New(sec.Config{Store: st, Registry: newWorld().registry(), Lease: lease})
		require.NoError(t, err)
		require.NoError(t, c.Create(t.Context(), saga.NewID(), chain()))
		time.Sleep(3 * time.Second)
		require.NoError(t, c.Shutdown(t.Context()))
		claimed, err := st.Claim(t.Context(), store.Claim{Owner: "next", Lease: lease})
		require.NoError(t, err)
		assert.Len(t, claimed, 1)
	})
}

func TestParkedSagaThatAnotherRunsCanNotBeAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		id := plant(t, shared, chain(), saga.StateRunning, nil)
		old := openWith(t, shared, saga.NewRegistry()) // it knows no action
		synctest.Wait()
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := w.open(t, shared)
		synctest.Wait()
		assert.ErrorIs(t, old.Abandon(t.Context(), id, because), saga.ErrWrongState)
		_, err := c.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}
