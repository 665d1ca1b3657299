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
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// The tests of this file are about append conflicts: someone else changes a
// saga between two calls of the store that belong together.

// onWrite returns a hook for spyStore that calls do at the given write.
func onWrite(at int, do func() error) func(int) error {
	return func(n int) error {
		if n == at {
			return do()
		}
		return nil
	}
}

// A client repeats a command if the saga has new events, or another owner,
// since the client has read it.
func TestCommandIsRetriedAfterAnAppendConflict(t *testing.T) {
	for name, meanwhile := range map[string]func(store.Store, saga.ID) error{
		"the owner appends": func(st store.Store, id saga.ID) error {
			return st.Append(context.Background(), store.Append{
				ID: id, Generation: 1, State: saga.StateRunning,
				Events: []engine.Event{{Node: 1, Kind: engine.EventStarted}},
			})
		},
		"another coordinator claims": func(st store.Store, _ saga.ID) error {
			_, err := st.Claim(context.Background(), store.Claim{Owner: "another"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory()
				id := plant(t, st, chain(), saga.StateRunning, nil)
				spy := &spyStore{Store: st, before: onWrite(1, func() error { return meanwhile(st, id) })}
				client := newClient(t, sec.ClientConfig{Store: spy})
				require.NoError(t, client.Apply(t.Context(), id, saga.Pause(audit)))
				assert.Contains(t, storedKinds(t, st, id), " paused")
			})
		})
	}
}

// The owner's append has succeeded, but the owner got an error. A command
// follows it in the log already.
func TestCommandBehindAnAppendWithUnknownOutcomeIsApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		client := newClient(t, sec.ClientConfig{Store: st})
		id := saga.NewID()
		w := newWorld()
		c := w.open(t, &spyStore{Store: st, after: onWrite(2, func() error {
			assert.NoError(t, client.Apply(t.Context(), id, saga.Pause(audit)))
			return errStore
		})})
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(100 * time.Millisecond) // before the coordinator polls for notifications
		assert.Equal(t, []string{"do a", "do b"}, w.calls(), "b has started, c must not start")
		require.NoError(t, client.Apply(t.Context(), id, saga.Resume(audit)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// loadHook calls do before the first Load.
type loadHook struct {
	store.Store
	once sync.Once
	do   func()
}

func (l *loadHook) Load(ctx context.Context, id saga.ID) (saga.Record, error) {
	l.once.Do(l.do)
	return l.Store.Load(ctx, id)
}

// The owner's append has succeeded, but the owner got an error. Before it finds
// out, another coordinator claims the saga.
func TestOwnerThatLosesTheSagaDuringAnAppendConflictStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		hook := &loadHook{Store: st, do: func() {
			_, err := st.Claim(context.Background(), store.Claim{Owner: "another"})
			assert.NoError(t, err)
		}}
		w := newWorld()
		c := w.open(t, &spyStore{Store: hook, after: onWrite(2, func() error { return errStore })})
		settle() // the claims at the start are done
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		assert.Empty(t, c.InMemory())
	})
}

// A coordinator has lost a saga without noticing. A command that it gets is
// recorded for the new owner.
func TestCommandSentToAFormerOwnerIsRecorded(t *testing.T) {
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
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		assert.Contains(t, storedKinds(t, st, id), " paused")
	})
}

// The command is in the log, but the coordinator got an error, and has lost the
// saga meanwhile.
func TestCommandWithUnknownOutcomeIsRecordedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		c := w.open(t, &spyStore{Store: st, after: onWrite(2, func() error {
			_, err := st.Claim(context.Background(), store.Claim{Owner: "another"})
			assert.NoError(t, err)
			return errStore
		})})
		settle() // the claims at the start are done
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		assert.Equal(t, []string{" paused"}, storedKinds(t, st, id), "recorded once")
	})
}

// If a coordinator shuts down while it records a command, the outcome of the
// command is unknown. The error says so.
func TestCommandInterruptedByShutdownMayHaveBeenRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &spyStore{Store: store.NewMemory()}
		c := newWorld().start(t, st)
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		synctest.Wait()
		st.hangWrites()
		result := make(chan error, 1)
		go func() { result <- c.Apply(t.Context(), id, saga.Pause(audit)) }()
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		require.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		err := <-result
		assert.ErrorIs(t, err, saga.ErrStopped)
		assert.NotErrorIs(t, err, saga.ErrWrongState)
		assert.ErrorContains(t, err, "it may have been recorded")
	})
}

// leaseCut blocks the append with the number at, and fails the renewals of the
// leases meanwhile, until the lease session has expired.
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

// A stuck saga is loaded for a command, and its lease expires before the
// command is recorded.
func TestCommandIsRetriedWhenTheLeaseExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		st := &leaseCut{Store: store.NewMemory(), at: 4}
		c := w.configured(t, sec.Config{Store: st, Lease: lease, StoreTimeout: time.Hour})
		id, _, err := run(t, c, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		w.on("undo a", nil)
		require.NoError(t, c.Apply(t.Context(), id, saga.RetryUndo("a", audit)))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
	})
}

// A coordinator recovers a node that had started. If the append before its call
// conflicts with a command, the node isn't mistaken for one in flight.
func TestRecoveredNodeRunsAfterAnAppendConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		id := plant(t, st, diamond(), saga.StateRunning, []engine.Event{
			{Seq: 0, Node: 1, Kind: engine.EventStarted},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`"a"`)},
			{Seq: 2, Node: 2, Kind: engine.EventStarted},
		})
		client := newClient(t, sec.ClientConfig{Store: st})
		w := newWorld()
		c := w.open(t, &spyStore{Store: st, before: onWrite(1, func() error {
			return client.Apply(context.Background(), id, saga.SetBreakpoint("d", audit))
		})})
		settle()
		assert.ElementsMatch(t, []string{"do b", "do c"}, w.calls())
		require.NoError(t, c.Apply(t.Context(), id, saga.ClearBreakpoint("d", audit)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

// An outcome arrives before the coordinator knows that another process has
// abandoned the saga.
func TestOutcomeOfASagaAbandonedByAnotherProcessIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := unwatched{store.NewMemory()}
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Millisecond); return nil })
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		client := newClient(t, sec.ClientConfig{Store: st})
		require.NoError(t, client.Apply(t.Context(), id, saga.Pause(audit)))
		require.NoError(t, client.Apply(t.Context(), id, saga.Abandon(audit)))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateAbandoned, failedError(t, err).State)
		assert.Equal(t, []string{"a started", " paused", " abandoned"}, storedKinds(t, st, id))
		assert.Empty(t, c.InMemory())
	})
}

// Someone appends node events to the log, which only the owner may do. The
// owner gives the saga up, and recovers it from the log as it is.
func TestForeignNodeEventsAreReadFromTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, st.Append(t.Context(), store.Append{
			ID: id, Generation: 1, Seq: 1, State: saga.StateRunning,
			Events: []engine.Event{{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`"foreign"`)}},
		}))
		outputs, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		a, err := outputs.Raw("a")
		require.NoError(t, err)
		assert.JSONEq(t, `"foreign"`, string(a))
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// The owner's Abandon is refused, as a command from another process comes
// first. The tasks in flight stay in flight.
func TestRefusedAbandonKeepsTasksInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		client := newClient(t, sec.ClientConfig{Store: st})
		id := saga.NewID()
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := w.open(t, &spyStore{Store: st, before: onWrite(3, func() error {
			return client.Apply(context.Background(), id, saga.Resume(audit))
		})})
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.Abandon(audit)), saga.ErrWrongState, "it has been resumed")
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}
