package sec_test

import (
	"context"
	"encoding/json"
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
				st := newFakeStore()
				id := plant(t, st.memory, chain(), saga.StateRunning, nil)
				st.on("Append", at(1, func(c *call) error {
					assert.NoError(t, meanwhile(st.memory, id))
					return c.do()
				}))
				client := newClient(t, sec.ClientConfig{Store: st})
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
		st := newFakeStore()
		client := newClient(t, sec.ClientConfig{Store: st.memory})
		id := saga.NewID()
		st.on("Append", at(1, func(c *call) error {
			err := losesReply(c)
			assert.NoError(t, client.Apply(t.Context(), id, saga.Pause(audit)))
			return err
		}))
		w := newWorld()
		c := w.open(t, st)
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(100 * time.Millisecond) // before the coordinator polls for notifications
		assert.Equal(t, []string{"do a", "do b"}, w.calls(), "b has started, c must not start")
		require.NoError(t, client.Apply(t.Context(), id, saga.Resume(audit)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// The owner's append has succeeded, but the owner got an error. Before it finds
// out, another coordinator claims the saga.
func TestOwnerThatLosesTheSagaDuringAnAppendConflictStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Append", at(1, losesReply))
		st.on("Load", at(1, func(c *call) error {
			_, err := st.memory.Claim(context.Background(), store.Claim{Owner: "another"})
			assert.NoError(t, err)
			return c.do()
		}))
		w := newWorld()
		c := w.open(t, st)
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
		st := newFakeStore()
		st.on("Append", at(1, func(c *call) error {
			lost := losesReply(c)
			_, err := st.memory.Claim(context.Background(), store.Claim{Owner: "another"})
			assert.NoError(t, err)
			return lost
		}))
		w := newWorld()
		c := w.open(t, st)
		settle() // the claims at the start are done
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		assert.Equal(t, []string{" paused"}, storedKinds(t, st, id), "recorded once")
	})
}

// If a coordinator shuts down while it records a command, the outcome of the
// command is unknown. The error says so.
func TestCommandInterruptedByStopMayHaveBeenRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		c := newWorld().start(t, st)
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		synctest.Wait()
		st.on("Append", hangs)
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

// A stuck saga is loaded for a command, and its lease expires before the
// command is recorded.
func TestCommandIsRetriedWhenTheLeaseExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		st := newFakeStore()
		st.on("Append", at(4, func(c *call) error {
			st.on("Renew", fails)
			defer st.on("Renew", passes)
			return hangs(c) // until the lease session has expired
		}))
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
		st := newFakeStore()
		id := plant(t, st, diamond(), saga.StateRunning, []engine.Event{
			{Seq: 0, Node: 1, Kind: engine.EventStarted},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`"a"`)},
			{Seq: 2, Node: 2, Kind: engine.EventStarted},
		})
		client := newClient(t, sec.ClientConfig{Store: st.memory})
		st.on("Append", at(1, func(c *call) error {
			assert.NoError(t, client.Apply(context.Background(), id, saga.SetBreakpoint("d", audit)))
			return c.do()
		}))
		w := newWorld()
		c := w.open(t, st)
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
		st := newUnwatchedStore()
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
		st := newFakeStore()
		client := newClient(t, sec.ClientConfig{Store: st.memory})
		id := saga.NewID()
		st.on("Append", at(2, func(c *call) error {
			assert.NoError(t, client.Apply(context.Background(), id, saga.Resume(audit)))
			return c.do()
		}))
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := w.open(t, st)
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.Abandon(audit)), saga.ErrWrongState, "it has been resumed")
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}
