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
	"github.com/sagagen/sagagen/runtime/engine"
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
			st := &faultyStore{Store: store.NewMemory(), fault: errorAfter, first: 1, last: 1}
			plant(t, st.Store, chain(), saga.StateRunning, nil)
			w := newWorld()
			w.configured(t, sec.Config{Store: st, Lease: l})
			time.Sleep(time.Hour)
			assert.Equal(t, 1, w.count("do c"), "lease %v", l)
		})
	}
}

// lateStore is a store whose Create takes effect long after it has reported an
// error.
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

// unreadableStore is a store that can't read the log of one saga.
type unreadableStore struct {
	store.Store
	unreadable saga.ID
}

func (u *unreadableStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	if id == u.unreadable {
		return nil, errors.New("bad row")
	}
	return u.Store.Events(ctx, id, from, limit)
}

func (u *unreadableStore) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	if slices.Contains(ids, u.unreadable) {
		return nil, errors.New("bad row")
	}
	return u.Store.Logs(ctx, ids)
}

func TestUnreadableLogDoesNotBlockOtherSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &unreadableStore{Store: store.NewMemory()}
		st.unreadable = plant(t, st.Store, chain(), saga.StateRunning, nil)
		plant(t, st.Store, chain(), saga.StateRunning, nil)
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
		cut := &faultyStore{Store: store.NewMemory(), fault: errorBefore, first: 1 << 30, last: 1 << 30}
		var calls, ended atomic.Int32
		c := newWorld().configured(t, sec.Config{Store: cut, Lease: lease, Registry: failingRegistry(&calls, &ended)})
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), againDAG()))
		synctest.Wait()
		cut.cutOff(true)
		time.Sleep(lease)
		before := calls.Load()
		time.Sleep(time.Hour)
		assert.Equal(t, before, calls.Load())
		assert.Zero(t, ended.Load())
		cut.cutOff(false)
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

func TestSecondShutdownWaitsForRunningActions(t *testing.T) {
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

func TestShutdownWaitsForTheObserver(t *testing.T) {
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

// slowRenew is a store that releases leases slowly.
type slowRenew struct{ store.Store }

func (r *slowRenew) Renew(ctx context.Context, owner string, l time.Duration) error {
	err := r.Store.Renew(ctx, owner, l)
	if l == 0 {
		time.Sleep(lease / 3) // longer than the time between two renewals
	}
	return err
}

func TestReleasedLeasesAreNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slowRenew{store.NewMemory()}
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
