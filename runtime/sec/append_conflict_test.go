package sec_test

import (
	"context"
	"encoding/json"
	"sync"
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

// The tests of this file are about what others do to a saga between two calls of the store that belong together.

// once returns a hook for a write that does something at that one.
func once(at int, do func() error) func(int) error {
	return func(n int) error {
		if n == at {
			return do()
		}
		return nil
	}
}

// An order is made again when its saga has moved on, or to another owner, since it was read.
func TestOrderIsMadeAgainWhenTheSagaHasMovedOn(t *testing.T) {
	for name, meanwhile := range map[string]func(store.Store, saga.ID) error{
		"the owner appends": func(st store.Store, id saga.ID) error {
			return st.Append(context.Background(), store.Append{ID: id, Generation: 1, State: saga.StateRunning, Events: []saga.Event{{Node: 1, Kind: saga.EventStarted}}})
		},
		"another claims": func(st store.Store, _ saga.ID) error {
			_, err := st.Claim(context.Background(), store.Claim{Owner: "another"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory()
				id := plant(t, st, chain(), saga.StateRunning, nil)
				client := newClient(t, sec.Config{Store: &spyStore{Store: st, before: once(1, func() error { return meanwhile(st, id) })}})
				require.NoError(t, client.Pause(t.Context(), id, because))
				assert.Contains(t, storedKinds(t, st, id), " paused")
			})
		})
	}
}

// An append has succeeded, and its owner doesn't know; behind it there is an order already.
func TestOrderBehindAnAppendOfUnknownEffectIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		client := newClient(t, sec.Config{Store: st})
		id := saga.NewID()
		w := newWorld()
		c := w.open(t, &spyStore{Store: st, after: once(2, func() error {
			assert.NoError(t, client.Pause(t.Context(), id, because))
			return errStore
		})})
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(100 * time.Millisecond) // before the coordinator has looked whether it is called
		assert.Equal(t, []string{"do a", "do b"}, w.calls(), "b has started, and c must not")
		require.NoError(t, client.Resume(t.Context(), id, because))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// loadHook does something before the first load.
type loadHook struct {
	store.Store
	once sync.Once
	do   func()
}

func (l *loadHook) Load(ctx context.Context, id saga.ID) (store.Record, error) {
	l.once.Do(l.do)
	return l.Store.Load(ctx, id)
}

// An append has succeeded, and before its owner has found that out, another has claimed the saga.
func TestOwnerThatLosesTheSagaWhileItLooksStopsActing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		claims := &loadHook{Store: st, do: func() {
			_, err := st.Claim(context.Background(), store.Claim{Owner: "another"})
			assert.NoError(t, err)
		}}
		w := newWorld()
		c := w.open(t, &spyStore{Store: claims, after: once(2, func() error { return errStore })})
		settle() // it takes nothing from others any more
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		assert.Empty(t, c.InMemory())
	})
}

// A coordinator that has lost a saga without noticing gives an order to whoever has it now.
func TestOrderToAnOwnerThatHasLostTheSagaIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Hour); return nil })
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		w.open(t, st)
		synctest.Wait()
		require.NoError(t, c.Pause(t.Context(), id, because))
		assert.Contains(t, storedKinds(t, st, id), " paused")
	})
}

// The order is in the log, but its owner, which has lost the saga by then, doesn't know.
func TestOrderOfUnknownEffectIsNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		c := w.open(t, &spyStore{Store: st, after: once(2, func() error {
			_, err := st.Claim(context.Background(), store.Claim{Owner: "another"})
			assert.NoError(t, err)
			return errStore
		})})
		settle() // it takes nothing from others any more
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Pause(t.Context(), id, because))
		assert.Equal(t, []string{" paused"}, storedKinds(t, st, id), "once")
	})
}

// Whether an order was recorded that the end of the coordinator has cut off, nobody knows.
func TestOrderThatShutdownCutsOffIsNotCalledImpossible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &spyStore{Store: store.NewMemory()}
		c := newWorld().start(t, st)
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		synctest.Wait()
		st.hangNow()
		ordered := make(chan error, 1)
		go func() { ordered <- c.Pause(t.Context(), id, because) }()
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		require.ErrorIs(t, c.Shutdown(ctx), context.DeadlineExceeded)
		err := <-ordered
		assert.ErrorIs(t, err, saga.ErrShutdown)
		assert.NotErrorIs(t, err, saga.ErrWrongState)
		assert.ErrorContains(t, err, "it may have been recorded")
	})
}

// leaseCut keeps a coordinator from writing and from renewing its leases, from a write on until its tenure has ended.
type leaseCut struct {
	store.Store
	at     int32
	writes atomic.Int32
	cut    atomic.Bool
}

func (l *leaseCut) Append(ctx context.Context, a store.Append) error {
	if l.writes.Add(1) != l.at {
		return l.Store.Append(ctx, a)
	}
	l.cut.Store(true)
	defer l.cut.Store(false)
	<-ctx.Done()
	return ctx.Err()
}

func (l *leaseCut) Renew(ctx context.Context, owner string, d time.Duration) error {
	if l.cut.Load() {
		return errStore
	}
	return l.Store.Renew(ctx, owner, d)
}

// A stuck saga is taken back into memory for an order, and is lost before the order is recorded.
func TestOrderThatTheLeaseDoesNotLastForIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		c := w.configured(t, sec.Config{Store: &leaseCut{Store: store.NewMemory(), at: 4}, Lease: lease, StoreTimeout: time.Hour})
		id, _, err := run(t, c, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		w.on("undo a", nil)
		require.NoError(t, c.RetryUndo(t.Context(), id, "a", because))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
	})
}

// A saga that is called again after a restart is not taken to be in flight when an order comes before that.
func TestResumedNodeIsCalledAlthoughAnOrderComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		id := plant(t, st, diamond(), saga.StateRunning, []saga.Event{
			{Seq: 0, Node: 1, Kind: saga.EventStarted},
			{Seq: 1, Node: 1, Kind: saga.EventSucceeded, Payload: json.RawMessage(`"a"`)},
			{Seq: 2, Node: 2, Kind: saga.EventStarted},
		})
		client := newClient(t, sec.Config{Store: st})
		w := newWorld()
		c := w.open(t, &spyStore{Store: st, before: once(1, func() error {
			return client.SetBreakpoint(context.Background(), id, "d", because)
		})})
		settle()
		assert.ElementsMatch(t, []string{"do b", "do c"}, w.calls())
		require.NoError(t, c.ClearBreakpoint(t.Context(), id, "d", because))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

// An outcome comes before its saga's coordinator knows that the saga has been abandoned.
func TestOutcomeForASagaThatWasAbandonedElsewhereIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := unwatched{store.NewMemory()}
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Millisecond); return nil })
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		client := newClient(t, sec.Config{Store: st})
		require.NoError(t, client.Pause(t.Context(), id, because))
		require.NoError(t, client.Abandon(t.Context(), id, because))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateAbandoned, failedError(t, err).State)
		assert.Equal(t, []string{"a started", " paused", " abandoned"}, storedKinds(t, st, id))
		assert.Empty(t, c.InMemory())
	})
}

// Somebody writes to the log what only its owner may: the saga goes on from there, whatever it is.
func TestForeignEventsAreReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, st.Append(t.Context(), store.Append{
			ID: id, Generation: 1, Seq: 1, State: saga.StateRunning, Events: []saga.Event{{Seq: 1, Node: 1, Kind: saga.EventSucceeded, Payload: json.RawMessage(`"foreign"`)}},
		}))
		outputs, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		a, err := outputs.Raw("a")
		require.NoError(t, err)
		assert.JSONEq(t, `"foreign"`, string(a))
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// An order of the owner's own comes to nothing, as another has come first, and what was in flight then still is.
func TestAbandonThatComesToNothingLeavesWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		client := newClient(t, sec.Config{Store: st})
		id := saga.NewID()
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := w.open(t, &spyStore{Store: st, before: once(3, func() error { return client.Resume(context.Background(), id, because) })})
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, c.Pause(t.Context(), id, because))
		assert.ErrorIs(t, c.Abandon(t.Context(), id, because), saga.ErrWrongState, "it isn't paused any more")
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}
