package sec_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
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

var audit = saga.Audit{By: "ann", Reason: "ticket 7"}

// system is a coordinator that runs sagas, and an operator that issues the
// commands for them.
type system struct {
	*sec.Coordinator
	operator
}

func (s system) StartCreated(ctx context.Context, id saga.ID) error {
	return s.operator.StartCreated(ctx, id)
}

func (s system) Apply(ctx context.Context, id saga.ID, command saga.Command) error {
	return s.operator.Apply(ctx, id, command)
}

func (s system) Delete(ctx context.Context, id saga.ID) error { return s.operator.Delete(ctx, id) }

// operator is a coordinator or a client, as far as it issues commands.
type operator interface {
	StartCreated(context.Context, saga.ID) error
	Apply(context.Context, saga.ID, saga.Command) error
	Delete(context.Context, saga.ID) error
}

// origin says who issues the commands: the coordinator that runs the sagas,
// another coordinator, or a client.
type origin string

// fromEachOrigin runs a test once for each origin. A command has the same
// effect from all of them.
func fromEachOrigin(t *testing.T, test func(*testing.T, origin)) {
	t.Helper()
	for _, from := range []origin{"the owner", "another coordinator", "a client"} {
		t.Run(string(from), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, from) })
		})
	}
}

// settle waits until all coordinators are idle. A coordinator that was notified
// has polled, and has handled what it found.
func settle() {
	time.Sleep(20 * time.Millisecond)
	synctest.Wait()
}

// open starts a coordinator for w, and connects an operator.
func (from origin) open(t *testing.T, w *world, st store.Store) system {
	t.Helper()
	return from.connect(t, w.open(t, st), st)
}

// connect adds an operator to a coordinator on st.
func (from origin) connect(t *testing.T, c *sec.Coordinator, st store.Store) system {
	t.Helper()
	// The coordinator has made its first claims and watches the store. Only the
	// next poll finds changes of which the store doesn't notify it.
	synctest.Wait()
	switch from {
	case "the owner":
		return system{c, c}
	case "a client":
		client, err := sec.NewClient(sec.ClientConfig{Store: st})
		require.NoError(t, err)
		return system{c, client}
	}
	other, err := sec.New(sec.Config{Store: st, Queue: "another queue"})
	require.NoError(t, err)
	require.NoError(t, other.Start())
	t.Cleanup(func() { require.NoError(t, other.Stop(context.Background())) })
	return system{c, other}
}

func TestCancelUndoesFinishedNodes(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		w.on("do b", func(ctx saga.ActionContext) error { time.Sleep(time.Second); return ctx.Err() })
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)))
		require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)), "while it unwinds")
		_, err := c.Wait(t.Context(), id)
		failed := failedError(t, err)
		assert.Equal(t, saga.StateFailed, failed.State)
		assert.Empty(t, failed.Failures)
		assert.Equal(t, &audit, failed.Canceled)
		assert.ErrorContains(t, err, `canceled by ann: ticket 7`)
		assert.Equal(t, []string{"do a", "do b", "undo b", "undo a"}, w.calls(),
			"the running action finishes, and is undone")
		require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)), "repeated after the saga has finished")
	})
}

func TestCancelOfACreatedSagaCallsNoAction(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Empty(t, w.calls())
	})
}

func TestPausedSagaStartsNothingUntilResumedAcrossARestart(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		st := store.NewMemory()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := from.connect(t, w.start(t, st), st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.True(t, status.Paused)
		assert.Equal(t, "done", status.Describe("a"), "the running action is recorded")
		require.NoError(t, c.Stop(t.Context()))

		c = from.open(t, w, st)
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		require.NoError(t, c.Apply(t.Context(), id, saga.Resume(audit)))
		require.NoError(t, c.Apply(t.Context(), id, saga.Resume(audit)))
		_, err = c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

func TestStepStartsOneTaskAtATime(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		w.fail("do d")
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, diamond()))
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.Step(audit)), saga.ErrWrongState, "the saga is not paused")
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		require.NoError(t, c.StartCreated(t.Context(), id))
		for calls := range 7 {
			settle()
			assert.Len(t, w.calls(), calls)
			require.NoError(t, c.Apply(t.Context(), id, saga.Step(audit)))
		}
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
	})
}

func TestBreakpointBlocksOnlyItsNode(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, diamond()))
		require.NoError(t, c.Apply(t.Context(), id, saga.SetBreakpoint("b", audit)))
		require.NoError(t, c.Apply(t.Context(), id, saga.SetBreakpoint("b", audit)))
		require.NoError(t, c.StartCreated(t.Context(), id))
		settle()
		assert.Equal(t, []string{"do a", "do c"}, w.calls())
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.SetBreakpoint("c", audit)), saga.ErrWrongState, "c has finished")
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.SetBreakpoint("x", audit)), saga.ErrNodeNotFound)
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		node, err := status.Node("b")
		require.NoError(t, err)
		assert.True(t, node.Breakpoint)
		require.NoError(t, c.Apply(t.Context(), id, saga.ClearBreakpoint("b", audit)))
		_, err = c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

func TestRetryUndoResumesAStuckSaga(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		c := from.open(t, w, store.NewMemory())
		id, _, err := run(t, c.Coordinator, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.RetryUndo("a", audit)), saga.ErrWrongState)

		require.NoError(t, c.Apply(t.Context(), id, saga.RetryUndo("b", audit)), "the undo fails again")
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		assert.Equal(t, 2, w.count("undo b"))

		w.on("undo b", nil)
		require.NoError(t, c.Apply(t.Context(), id, saga.RetryUndo("b", audit)))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, 1, w.count("undo a"))
		assert.NoError(t, c.Apply(t.Context(), id, saga.RetryUndo("b", audit)), "repeated after the undo has succeeded")
	})
}

func TestMarkUndoneResumesAStuckSaga(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		st := store.NewMemory()
		first := w.start(t, st)
		id, _, err := run(t, first, chain())
		failedError(t, err)
		require.NoError(t, first.Stop(t.Context()))

		c := from.open(t, w, st)
		require.NoError(t, c.Apply(t.Context(), id, saga.MarkUndone("b", audit)))
		require.NoError(t, c.Apply(t.Context(), id, saga.MarkUndone("b", audit)))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, 1, w.count("undo a"))
	})
}

func TestSupplyOutputResumesAStuckSaga(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		c := from.open(t, w, store.NewMemory())
		id, _, err := run(t, c.Coordinator, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)), "or else b would be undone when its output is supplied")
		require.NoError(t, c.Apply(t.Context(), id, saga.SupplyOutput("b", json.RawMessage(`"b"`), audit)))
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.SupplyOutput("c", nil, audit)), saga.ErrInvalidCommand)
		require.NoError(t, c.Apply(t.Context(), id, saga.SupplyOutput("c", json.RawMessage(`"by hand"`), audit)))
		outputs, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, `"by hand"`, string(outputs.Saga()))
	})
}

func TestSupplyOutputMayBeRepeated(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Second); return saga.Permanent(errStore) })
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		time.Sleep(2 * time.Second)
		for range 2 {
			require.NoError(t, c.Apply(t.Context(), id, saga.SupplyOutput("b", json.RawMessage(`{ "a": "<" }`), audit)))
		}
		large := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.SupplyOutput("b", large, audit)), saga.ErrTooLarge)
		require.NoError(t, c.Apply(t.Context(), id, saga.Resume(audit)))
		outputs, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		raw, err := outputs.Raw("b")
		require.NoError(t, err)
		assert.JSONEq(t, `{"a":"<"}`, string(raw))
	})
}

func TestAbandonFinishesStuckPausedAndParkedSagas(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		st := store.NewMemory()
		parked := plant(t, st, chain(), saga.StateRunning, []engine.Event{{Node: 3, Kind: engine.EventStarted}})
		c := from.open(t, w, st)
		settle()
		stuck, _, err := run(t, c.Coordinator, chain())
		failedError(t, err)

		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		paused := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), paused, chain()))
		assert.ErrorIs(t, c.Apply(t.Context(), paused, saga.Abandon(audit)), saga.ErrWrongState, "the saga runs")
		require.NoError(t, c.Apply(t.Context(), paused, saga.Pause(audit)))

		for _, id := range []saga.ID{stuck, paused, parked} {
			require.NoError(t, c.Apply(t.Context(), id, saga.Abandon(audit)))
			require.NoError(t, c.Apply(t.Context(), id, saga.Abandon(audit)))
			record, err := st.Load(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, saga.StateAbandoned, record.State)
		}
		_, err = c.Wait(t.Context(), paused)
		assert.Equal(t, saga.StateAbandoned, failedError(t, err).State)
		assert.ErrorContains(t, err, "was abandoned")
		require.NoError(t, c.Delete(t.Context(), parked))
		assert.ErrorIs(t, c.Delete(t.Context(), parked), saga.ErrNotFound)
	})
}

func TestInvalidCommandsAreRejected(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id, _, err := run(t, c.Coordinator, chain())
		require.NoError(t, err)
		for _, command := range commands(saga.Audit{By: "ann"}) {
			assert.ErrorIs(t, c.Apply(t.Context(), id, command), saga.ErrInvalidCommand, command)
		}
		for _, command := range commands(audit) {
			assert.ErrorIs(t, c.Apply(t.Context(), saga.NewID(), command), saga.ErrNotFound, command)
			assert.ErrorIs(t, c.Apply(t.Context(), id, command), saga.ErrWrongState, command)
		}
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// commands returns one command of each kind.
func commands(audit saga.Audit) []saga.Command {
	return []saga.Command{
		saga.Cancel(audit), saga.Pause(audit), saga.Resume(audit), saga.Step(audit),
		saga.SetBreakpoint("a", audit), saga.ClearBreakpoint("a", audit), saga.RetryUndo("a", audit),
		saga.MarkUndone("a", audit), saga.SupplyOutput("a", json.RawMessage(`1`), audit), saga.Abandon(audit),
	}
}

func TestCommandIsInTheLogWithItsAudit(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		settle()
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Contains(t, status.Log().String(), "paused        by ann: ticket 7")
		text, err := json.Marshal(status.Log())
		require.NoError(t, err)
		assert.Contains(t, string(text), `"kind":"paused","audit":{"by":"ann","reason":"ticket 7"}`)
		var decoded saga.Log
		require.NoError(t, json.Unmarshal(text, &decoded))
		assert.Equal(t, status.Events[0].Payload, decoded.Events[0].Payload)
	})
}

// stuckAtA returns a stuck saga whose output of a an operator may supply.
func stuckAtA(t *testing.T, from origin) (system, saga.ID) {
	t.Helper()
	w := newWorld()
	w.on("do a", func(saga.ActionContext) error { return saga.Permanent(saga.Indeterminate(errors.New("no answer"))) })
	w.fail("undo a")
	c := from.open(t, w, store.NewMemory())
	id, _, err := run(t, c.Coordinator, withParams(saga.NewDAGBuilder("s").Append(careful("a"))))
	require.Equal(t, saga.StateStuck, failedError(t, err).State)
	return c, id
}

func TestSizeOfASuppliedOutputIsThatOfItsRecordedForm(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		c, id := stuckAtA(t, from)
		escaped := json.RawMessage(`"` + strings.Repeat("<", 1<<20-2) + `"`)
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.SupplyOutput("a", escaped, audit)), saga.ErrTooLarge)
		spaced := json.RawMessage(strings.Repeat(" ", 1<<20) + `"a"`)
		assert.NoError(t, c.Apply(t.Context(), id, saga.SupplyOutput("a", spaced, audit)))
	})
}

func TestSecondSuppliedOutputIsRejectedAfterTheSagaHasFinished(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		c, id := stuckAtA(t, from)
		first, second := json.RawMessage(`"first"`), json.RawMessage(`"second"`)
		require.NoError(t, c.Apply(t.Context(), id, saga.SupplyOutput("a", first, audit)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.NoError(t, c.Apply(t.Context(), id, saga.SupplyOutput("a", first, audit)), "repeated")
		assert.ErrorIs(t, c.Apply(t.Context(), id, saga.SupplyOutput("a", second, audit)), saga.ErrWrongState)
	})
}
