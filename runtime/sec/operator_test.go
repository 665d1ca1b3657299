package sec_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

var because = saga.Audit{By: "ann", Reason: "ticket 7"}

// seat is where an operator sits: what concerns running sagas goes to the coordinator, the orders to whatever gives them.
type seat struct {
	*sec.Coordinator
	orderer
}

func (s seat) Start(ctx context.Context, id saga.ID) error { return s.orderer.Start(ctx, id) }

type orderer interface {
	Start(context.Context, saga.ID) error
	Cancel(context.Context, saga.ID, saga.Audit) error
	Pause(context.Context, saga.ID, saga.Audit) error
	Resume(context.Context, saga.ID, saga.Audit) error
	Step(context.Context, saga.ID, saga.Audit) error
	SetBreakpoint(context.Context, saga.ID, saga.NodePath, saga.Audit) error
	ClearBreakpoint(context.Context, saga.ID, saga.NodePath, saga.Audit) error
	RetryUndo(context.Context, saga.ID, saga.NodePath, saga.Audit) error
	MarkUndone(context.Context, saga.ID, saga.NodePath, saga.Audit) error
	SupplyOutput(context.Context, saga.ID, saga.NodePath, saga.Audit) error
	Abandon(context.Context, saga.ID, saga.Audit) error
	Delete(context.Context, saga.ID) error
}

// place is from where orders are given: the coordinator that runs the sagas, another one, or a client.
type place string

// fromAnywhere runs a test once for each place: an order does the same wherever it comes from.
func fromAnywhere(t *testing.T, test func(*testing.T, place)) {
	t.Helper()
	for _, from := range []place{"here", "another coordinator", "a client"} {
		t.Run(string(from), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, from) })
		})
	}
}

// settle waits until nothing more happens at once: a coordinator that is woken has looked, and has done what it found.
func settle() {
	time.Sleep(20 * time.Millisecond)
	synctest.Wait()
}

func (from place) open(t *testing.T, w *world, st store.Store) seat {
	t.Helper()
	return from.seat(t, w.open(t, st), st)
}

func (from place) seat(t *testing.T, c *sec.Coordinator, st store.Store) seat {
	t.Helper()
	synctest.Wait() // it has taken what it found, and watches the store: what it isn't told of it finds with the next poll only
	switch from {
	case "here":
		return seat{c, c}
	case "a client":
		client, err := sec.NewClient(sec.Config{Store: st})
		require.NoError(t, err)
		return seat{c, client}
	}
	other, err := sec.New(sec.Config{Store: st, Queue: "another queue"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Shutdown(context.Background())) })
	return seat{c, other}
}

func TestCancelUndoesWhatHasRun(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		w.on("do b", func(ctx saga.ActionContext) error { time.Sleep(time.Second); return ctx.Err() })
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Cancel(t.Context(), id, because))
		require.NoError(t, c.Cancel(t.Context(), id, because), "while it unwinds")
		_, err := c.Wait(t.Context(), id)
		failed := failedError(t, err)
		assert.Equal(t, saga.StateFailed, failed.State)
		assert.Empty(t, failed.Failures)
		assert.Equal(t, &because, failed.Canceled)
		assert.ErrorContains(t, err, `canceled by ann: ticket 7`)
		assert.Equal(t, []string{"do a", "do b", "undo b", "undo a"}, w.calls(), "what runs ends, and is undone")
		require.NoError(t, c.Cancel(t.Context(), id, because), "when it has ended as well")
	})
}

func TestCancelOfACreatedSagaEndsItWithoutACall(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Cancel(t.Context(), id, because))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Empty(t, w.calls())
	})
}

func TestPausedSagaStartsNothingUntilItIsResumedAlsoAfterARestart(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		st := store.NewMemory()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := from.seat(t, w.start(t, st), st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Pause(t.Context(), id, because))
		require.NoError(t, c.Pause(t.Context(), id, because))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.True(t, status.Paused)
		assert.Equal(t, "done", status.Describe(1), "what ran is recorded")
		require.NoError(t, c.Shutdown(t.Context()))

		c = from.open(t, w, st)
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		require.NoError(t, c.Resume(t.Context(), id, because))
		require.NoError(t, c.Resume(t.Context(), id, because))
		_, err = c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

func TestStepStartsOneThingAtATimeForwardAndBack(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		w.fail("do d")
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, diamond()))
		assert.ErrorIs(t, c.Step(t.Context(), id, because), saga.ErrWrongState, "it is not paused")
		require.NoError(t, c.Pause(t.Context(), id, because))
		require.NoError(t, c.Start(t.Context(), id))
		for calls := range 7 {
			settle()
			assert.Len(t, w.calls(), calls)
			require.NoError(t, c.Step(t.Context(), id, because))
		}
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
	})
}

func TestBreakpointHoldsItsNodeOnly(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, diamond()))
		require.NoError(t, c.SetBreakpoint(t.Context(), id, "b", because))
		require.NoError(t, c.SetBreakpoint(t.Context(), id, "b", because))
		require.NoError(t, c.Start(t.Context(), id))
		settle()
		assert.Equal(t, []string{"do a", "do c"}, w.calls())
		assert.ErrorIs(t, c.SetBreakpoint(t.Context(), id, "c", because), saga.ErrWrongState, "it has run")
		assert.ErrorIs(t, c.SetBreakpoint(t.Context(), id, "x", because), saga.ErrNodeNotFound)
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []saga.NodeID{2}, status.Breakpoints)
		require.NoError(t, c.ClearBreakpoint(t.Context(), id, "b", because))
		_, err = c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

func TestStuckSagaGoesOnWhenItsUndoIsRetried(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		c := from.open(t, w, store.NewMemory())
		id, _, err := run(t, c.Coordinator, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		assert.ErrorIs(t, c.RetryUndo(t.Context(), id, "a", because), saga.ErrWrongState)

		require.NoError(t, c.RetryUndo(t.Context(), id, "b", because), "it fails again")
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		assert.Equal(t, 2, w.count("undo b"))

		w.on("undo b", nil)
		require.NoError(t, c.RetryUndo(t.Context(), id, "b", because))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, 1, w.count("undo a"))
		assert.NoError(t, c.RetryUndo(t.Context(), id, "b", because), "it has been")
	})
}

func TestStuckSagaGoesOnWhenItsNodeIsMarkedUndone(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		st := store.NewMemory()
		first := w.start(t, st)
		id, _, err := run(t, first, chain())
		failedError(t, err)
		require.NoError(t, first.Shutdown(t.Context()))

		c := from.open(t, w, st)
		require.NoError(t, c.MarkUndone(t.Context(), id, "b", because))
		require.NoError(t, c.MarkUndone(t.Context(), id, "b", because))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, 1, w.count("undo a"))
	})
}

func TestSuppliedOutputLetsASagaRunOn(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		c := from.open(t, w, store.NewMemory())
		id, _, err := run(t, c.Coordinator, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		require.NoError(t, c.Pause(t.Context(), id, because), "or else b would be undone as soon as it is done")
		supplied := saga.Audit{By: "ann", Reason: "done by phone", Output: json.RawMessage(`"by hand"`)}
		require.NoError(t, c.SupplyOutput(t.Context(), id, "b", saga.Audit{By: "ann", Reason: "b is fine", Output: json.RawMessage(`"b"`)}))
		assert.ErrorIs(t, c.SupplyOutput(t.Context(), id, "c", because), saga.ErrInvalidAudit)
		require.NoError(t, c.SupplyOutput(t.Context(), id, "c", supplied))
		outputs, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, `"by hand"`, string(outputs.Saga()))
	})
}

func TestSuppliedOutputMayBeRepeatedInAnyForm(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Second); return saga.Permanent(errStore) })
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Pause(t.Context(), id, because))
		time.Sleep(2 * time.Second)
		for range 2 {
			order := saga.Audit{By: "ann", Reason: "why", Output: json.RawMessage(`{ "a": "<" }`)}
			require.NoError(t, c.SupplyOutput(t.Context(), id, "b", order))
		}
		large := saga.Audit{By: "ann", Reason: "why", Output: json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)}
		assert.ErrorIs(t, c.SupplyOutput(t.Context(), id, "b", large), saga.ErrTooLarge)
		require.NoError(t, c.Resume(t.Context(), id, because))
		outputs, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		raw, err := outputs.Raw("b")
		require.NoError(t, err)
		assert.JSONEq(t, `{"a":"<"}`, string(raw))
	})
}

func TestAbandonEndsWhatIsStuckPausedOrParked(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		st := store.NewMemory()
		poison := plant(t, st, chain(), saga.StateRunning, []saga.Event{{Node: 3, Kind: saga.EventStarted}})
		c := from.open(t, w, st)
		settle()
		stuck, _, err := run(t, c.Coordinator, chain())
		failedError(t, err)

		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		paused := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), paused, chain()))
		assert.ErrorIs(t, c.Abandon(t.Context(), paused, because), saga.ErrWrongState, "it runs")
		require.NoError(t, c.Pause(t.Context(), paused, because))

		for _, id := range []saga.ID{stuck, paused, poison} {
			require.NoError(t, c.Abandon(t.Context(), id, because))
			require.NoError(t, c.Abandon(t.Context(), id, because))
			record, err := st.Load(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, saga.StateAbandoned, record.State)
		}
		_, err = c.Wait(t.Context(), paused)
		assert.Equal(t, saga.StateAbandoned, failedError(t, err).State)
		assert.ErrorContains(t, err, "was abandoned")
		require.NoError(t, c.Delete(t.Context(), poison))
		assert.ErrorIs(t, c.Delete(t.Context(), poison), saga.ErrNotFound)
	})
}

func TestOrdersSayWhoAndWhy(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id, _, err := run(t, c.Coordinator, chain())
		require.NoError(t, err)
		for name, do := range orders(c, id, saga.Audit{By: "ann"}) {
			assert.ErrorIs(t, do(), saga.ErrInvalidAudit, name)
		}
		for name, do := range orders(c, saga.NewID(), saga.Audit{By: "ann", Reason: "why", Output: []byte("1")}) {
			assert.ErrorIs(t, do(), saga.ErrNotFound, name)
		}
		for name, do := range orders(c, id, saga.Audit{By: "ann", Reason: "why", Output: []byte("1")}) {
			assert.ErrorIs(t, do(), saga.ErrWrongState, name)
		}
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// orders lists all that an operator can do.
func orders(c seat, id saga.ID, order saga.Audit) map[string]func() error {
	ctx := context.Background()
	return map[string]func() error{
		"cancel":           func() error { return c.Cancel(ctx, id, order) },
		"pause":            func() error { return c.Pause(ctx, id, order) },
		"resume":           func() error { return c.Resume(ctx, id, order) },
		"step":             func() error { return c.Step(ctx, id, order) },
		"set breakpoint":   func() error { return c.SetBreakpoint(ctx, id, "a", order) },
		"clear breakpoint": func() error { return c.ClearBreakpoint(ctx, id, "a", order) },
		"retry undo":       func() error { return c.RetryUndo(ctx, id, "a", order) },
		"mark undone":      func() error { return c.MarkUndone(ctx, id, "a", order) },
		"supply output":    func() error { return c.SupplyOutput(ctx, id, "a", order) },
		"abandon":          func() error { return c.Abandon(ctx, id, order) },
	}
}

func TestOrderIsInTheLogWithWhoAndWhy(t *testing.T) {
	fromAnywhere(t, func(t *testing.T, from place) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Pause(t.Context(), id, because))
		settle()
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Contains(t, status.Log().String(), "paused        by ann: ticket 7")
		text, err := json.Marshal(status.Log())
		require.NoError(t, err)
		assert.Contains(t, string(text), `"kind":"paused","audit":{"by":"ann","reason":"ticket 7"}`)
		var back saga.Log
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, status.Events[0].Payload, back.Events[0].Payload)
	})
}
