package sec_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
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

func TestSagaSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, store.NewMemory())
		id, outputs, err := run(t, c, diamond())
		require.NoError(t, err)
		assert.JSONEq(t, `"d"`, string(outputs.Saga()))
		calls := w.calls()
		assert.Equal(t, "do a", calls[0])
		assert.ElementsMatch(t, []string{"do b", "do c"}, calls[1:3])
		assert.Equal(t, "do d", calls[3])

		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, saga.StateSucceeded, status.State)
		assert.False(t, status.Active)
	})
}

func TestFailureUndoesFinishedNodesInReverseOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do c")
		c := w.open(t, store.NewMemory())
		id, _, err := run(t, c, chain())
		failed := failedError(t, err)
		assert.Equal(t, saga.StateFailed, failed.State)
		assert.ErrorContains(t, err, `node "c" failed: do c fails`)
		assert.Equal(t, []string{"do a", "do b", "do c", "undo b", "undo a"}, w.calls())
		assert.Equal(t, []string{
			"a started", "a succeeded", "b started", "b succeeded", "c started", "c failed",
			"b undo_started", "b undo_finished", "a undo_started", "a undo_finished",
		}, kinds(t, c, id))
	})
}

// The append with the outcome of a node also has the starts of the nodes that
// follow. So a chain of n nodes costs n+1 writes.
func TestChainCostsOneAppendForEachNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := newFakeStore()
		c := w.open(t, st)
		_, _, err := run(t, c, chain())
		require.NoError(t, err)
		assert.Equal(t, 4, st.calls("Create Append"))
	})
}

func TestStartIsDurableBeforeTheActionIsCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do d")
		st := store.NewMemory()
		c := w.open(t, st)
		id := saga.NewID()
		for _, node := range []string{"a", "b", "c", "d"} {
			for _, direction := range []string{"do ", "undo "} {
				behavior := w.behavior[direction+node]
				w.on(direction+node, func(ctx saga.ActionContext) error {
					kind := map[saga.Direction]engine.EventKind{
						saga.Do:   engine.EventStarted,
						saga.Undo: engine.EventUndoStarted,
					}[ctx.Direction()]
					assert.Contains(t, storedKinds(t, st, id), node+" "+kind.String())
					if behavior != nil {
						return behavior(ctx)
					}
					return nil
				})
			}
		}
		require.NoError(t, c.CreateAndStart(t.Context(), id, diamond()))
		_, err := c.Wait(t.Context(), id)
		failedError(t, err)
		assert.Len(t, w.calls(), 7)
	})
}

func TestUndoFailureLeavesTheSagaStuckAndUndoesIndependentBranches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do d")
		w.fail("undo b")
		c := w.open(t, store.NewMemory())
		id, _, err := run(t, c, diamond())
		failed := failedError(t, err)
		assert.Equal(t, saga.StateStuck, failed.State)
		require.Len(t, failed.Failures, 2)
		assert.Equal(t, engine.EventFailed, failed.Failures[0].Kind)
		assert.Equal(t, saga.NodePath("b"), failed.Failures[1].Path)
		assert.Equal(t, engine.EventUndoFailed, failed.Failures[1].Kind)
		assert.Equal(t, 1, w.count("undo c"), "an independent branch is undone")
		assert.Equal(t, 0, w.count("undo a"), "a node that b depends on is not undone")

		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, saga.StateStuck, status.State)
	})
}

func TestPanicIsAnUnknownOutcome(t *testing.T) {
	for name, action := range map[string]func(saga.ActionContext) error{
		"panic":         func(saga.ActionContext) error { panic("boom") },
		"runtime error": func(saga.ActionContext) error { var none []error; return none[0] },
		"Goexit":        func(saga.ActionContext) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.on("do b", action)
				c := w.open(t, store.NewMemory())
				dag := withParams(saga.NewDAGBuilder("s").Append(act("a")).Append(careful("b")).Append(act("c")))
				id, _, err := run(t, c, dag)
				failed := failedError(t, err)
				assert.Equal(t, saga.StateFailed, failed.State)
				assert.Equal(t, engine.EventIndeterminate, failed.Failures[0].Kind)
				assert.Equal(t, saga.ReasonPanic, failed.Failures[0].Err.Reason)
				assert.Equal(t, []string{"do a", "do b", "undo b", "undo a"}, w.calls())
				assert.Contains(t, kinds(t, c, id), "b indeterminate")
			})
		})
	}
}

// An action that returns an error has failed, even if the methods of the error
// panic.
func TestErrorWhoseMethodsPanicIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { return panickingError{} })
		c := w.open(t, store.NewMemory())
		_, _, err := run(t, c, chain())
		failed := failedError(t, err)
		assert.Equal(t, saga.StateFailed, failed.State)
		assert.Equal(t, engine.EventFailed, failed.Failures[0].Kind)
		assert.Contains(t, failed.Failures[0].Err.Message, "panickingError")
	})
}

type panickingError struct{}

func (panickingError) Error() string { panic("error") }

func TestUnknownOutcomeThatCannotBeUndoneLeavesTheSagaStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { return saga.Indeterminate(errors.New("no answer")) })
		c := w.open(t, store.NewMemory())
		_, _, err := run(t, c, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		assert.ErrorContains(t, err, `node "b" has an unknown outcome: no answer`)
		assert.ErrorContains(t, err, "let the undo function take a pointer to the output")
		assert.Equal(t, []string{"do a", "do b"}, w.calls())
	})
}

func TestRetriesBackOffUntilOneSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, store.NewMemory())
		w.fail("do b")
		began := time.Now()
		w.on("undo a", func(ctx saga.ActionContext) error {
			if ctx.Attempt() < 4 {
				return errors.New("not yet")
			}
			return nil
		})
		_, _, err := run(t, c, chain())
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, 4, w.count("undo a"))
		took := time.Since(began)
		assert.True(t, took >= 350*time.Millisecond && took <= 700*time.Millisecond,
			"100 + 200 + 400 ms, each shortened by up to a half: %v", took)
		assert.Equal(t, w.keys[2], w.keys[4], "the idempotency key is the same in every attempt")
	})
}

// A later attempt that fails without an effect says nothing about an earlier
// one with an unknown outcome.
func TestUnknownOutcomeOfAnEarlierAttemptIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := saga.NewRegistry()
		undone := 0
		registry.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "twice",
			Do: func(ctx saga.ActionContext, _ saga.None) (string, error) {
				if ctx.Attempt() == 1 {
					return "", saga.Indeterminate(errors.New("no answer"))
				}
				return "", errors.New("down")
			},
			DoPolicy:    saga.Policy{MaxAttempts: 2},
			UndoUnknown: func(saga.ActionContext, saga.None, *string) error { undone++; return nil },
		}))
		c := openWith(t, store.NewMemory(), registry)
		_, _, err := run(t, c, withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "twice"))))
		assert.Equal(t, engine.EventIndeterminate, failedError(t, err).Failures[0].Kind)
		assert.Equal(t, 1, undone)
	})
}

func TestUndoFailsAfterTheLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.on("undo a", func(saga.ActionContext) error { return errors.New("down") })
		c := w.open(t, store.NewMemory())
		_, _, err := run(t, c, chain())
		failed := failedError(t, err)
		assert.Equal(t, saga.StateStuck, failed.State)
		assert.Equal(t, saga.Policy{}.Attempts(saga.Undo), w.count("undo a"))
		assert.Equal(t, saga.Policy{}.Attempts(saga.Undo), failed.Failures[1].Err.Attempts)
	})
}

func TestTimeoutIsAnUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		slow := saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "slow",
			Do: func(ctx saga.ActionContext, _ saga.None) (string, error) {
				<-ctx.Done()
				return "", ctx.Err()
			},
			DoPolicy: saga.Policy{Timeout: time.Second},
			UndoUnknown: func(ctx saga.ActionContext, _ saga.None, out *string) error {
				assert.Nil(t, out)
				return w.act(ctx)
			},
		})
		registry := w.registry()
		registry.Register(nil, slow)
		c := openWith(t, store.NewMemory(), registry)
		dag := withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("b", "", "slow")))
		_, _, err := run(t, c, dag)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []string{"undo b"}, w.calls())
	})
}

// An undo is not canceled when a caller stops waiting.
func TestWaitEndsWithItsContextAndTheSagaContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.on("undo a", func(ctx saga.ActionContext) error {
			time.Sleep(time.Minute)
			return ctx.Err()
		})
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, c.CreateAndStart(ctx, id, chain()))
		_, err := c.Wait(ctx, id)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
	})
}

func TestUserErrorIsRestoredFromTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { return &soldOut{Room: 7} })
		st := store.NewMemory()
		c := w.open(t, st)
		id, _, err := run(t, c, chain())
		for range 2 { // live, then read from the store
			var sold *soldOut
			require.ErrorAs(t, err, &sold)
			assert.Equal(t, 7, sold.Room)
			_, err = w.open(t, st).Wait(t.Context(), id)
		}
	})
}

type soldOut struct{ Room int }

func (e *soldOut) Error() string { return "sold out" }

func TestInjectedErrorsReplaceCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Inject(t.Context(), id, "c", sec.FailDo()))
		require.NoError(t, c.Inject(t.Context(), id, "a", sec.FailUndo()))
		require.NoError(t, c.StartCreated(t.Context(), id))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		assert.Equal(t, []string{"do a", "do b", "undo b"}, w.calls())
		assert.ErrorIs(t, c.Inject(t.Context(), id, "c", sec.FailDo()), saga.ErrWrongState)
		assert.ErrorIs(t, c.Inject(t.Context(), id, "x", sec.FailDo()), saga.ErrNodeNotFound)
		assert.ErrorIs(t, c.Inject(t.Context(), saga.NewID(), "c", sec.FailDo()), saga.ErrNotFound)
	})
}

func TestInjectRejectsANodeWithoutAnAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().open(t, store.NewMemory())
		id := saga.NewID()
		dag := withParams(saga.NewDAGBuilder("s").Append(saga.ConstantNode("one", 1)))
		require.NoError(t, c.Create(t.Context(), id, dag))
		assert.ErrorIs(t, c.Inject(t.Context(), id, "one", sec.FailDo()), saga.ErrWrongState)
	})
}

func TestSagaOfConstantsSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().open(t, store.NewMemory())
		dag := withParams(saga.NewDAGBuilder("s").Append(saga.ConstantNode("one", 1)))
		_, outputs, err := run(t, c, dag)
		require.NoError(t, err)
		assert.Equal(t, "1", string(outputs.Saga()))

		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, dag))
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, saga.StateCreated, status.State)
		require.NoError(t, c.StartCreated(t.Context(), id))
		_, err = c.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

// badAction breaks the contract of saga.Action: its output is not JSON.
type badAction struct{}

func (badAction) Name() saga.ActionName                          { return "bad" }
func (badAction) Do(saga.ActionContext) (json.RawMessage, error) { return json.RawMessage("{"), nil }
func (badAction) Undo(saga.ActionContext) error                  { return nil }
func (badAction) Policy(saga.Direction) saga.Policy              { return saga.Policy{} }
func (badAction) Shape() saga.Shape                              { return saga.Shape{} }

func TestInvalidJSONOutputIsAnUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := saga.NewRegistry()
		registry.Register(nil, badAction{})
		c := openWith(t, store.NewMemory(), registry)
		_, _, err := run(t, c, withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "bad"))))
		assert.ErrorContains(t, err, "output that is not JSON")
		assert.Equal(t, engine.EventIndeterminate, failedError(t, err).Failures[0].Kind)
	})
}

// panickingPolicy is an action whose policy panics. It fails the test if it is
// called.
type panickingPolicy struct {
	badAction
	t *testing.T
}

func (panickingPolicy) Name() saga.ActionName             { return "panics" }
func (panickingPolicy) Policy(saga.Direction) saga.Policy { panic("no policy") }

func (p panickingPolicy) Do(saga.ActionContext) (json.RawMessage, error) {
	assert.Fail(p.t, "called without a policy")
	return nil, nil
}

func TestPanickingPolicyIsAnUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := saga.NewRegistry()
		registry.Register(nil, panickingPolicy{t: t})
		c := openWith(t, store.NewMemory(), registry)
		_, _, err := run(t, c, withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "panics"))))
		assert.ErrorContains(t, err, "no policy")
		assert.Equal(t, engine.EventIndeterminate, failedError(t, err).Failures[0].Kind)
	})
}

func TestActionThatCallsGoexitIsUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { runtime.Goexit(); return nil })
		c := w.open(t, store.NewMemory())
		_, _, err := run(t, c, withParams(saga.NewDAGBuilder("s").Append(act("a")).Append(careful("b"))))
		assert.ErrorContains(t, err, "the action called runtime.Goexit")
		assert.Equal(t, []string{"do a", "do b", "undo b", "undo a"}, w.calls())
	})
}

func TestStatusSharesNoMemoryWithTheSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
		_ = append(status.Events, engine.Event{Seq: 99, Node: 77, Kind: engine.EventFailed})
		status, err = c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.NoError(t, status.Parked)
		assert.Equal(t, engine.EventPaused, status.Events[len(status.Events)-1].Kind)
	})
}
