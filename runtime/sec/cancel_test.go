package sec_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

func TestCanceledSagaMakesNoCallThatWaitedForALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Hour); return nil })
		c := w.configured(t, sec.Config{MaxActions: 1, Logger: slog.New(slog.DiscardHandler)})
		busy, waiting := saga.NewID(), saga.NewID()
		dag := withParams(saga.NewDAGBuilder("busy").Append(act("a")))
		require.NoError(t, c.CreateAndStart(t.Context(), busy, dag))
		settle()
		dag = withParams(saga.NewDAGBuilder("waiting").Append(act("z")))
		require.NoError(t, c.CreateAndStart(t.Context(), waiting, dag))
		settle()
		require.NoError(t, c.Apply(t.Context(), waiting, saga.Cancel(audit)))
		_, err := c.Wait(t.Context(), waiting)
		failed := failedError(t, err)
		assert.Equal(t, saga.StateFailed, failed.State)
		require.Len(t, failed.Failures, 1)
		assert.Equal(t, saga.ReasonNotCalled, failed.Failures[0].Err.Reason)
		assert.Zero(t, failed.Failures[0].Err.Attempts)
		assert.ErrorContains(t, err, "not called: the saga began to unwind while the action waited for a limit")
		assert.Equal(t, []string{"do a"}, w.calls())
	})
}

// A supplied output is undone, whether the node failed before the Cancel or
// after it.
func TestCanceledSagaUndoesASuppliedOutput(t *testing.T) {
	for name, pause := range map[string]time.Duration{
		"canceled while it runs":    0,
		"canceled while it unwinds": 2 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.on("do b", func(saga.ActionContext) error {
					time.Sleep(time.Second)
					return saga.Permanent(errors.New("no"))
				})
				c := w.open(t, store.NewMemory())
				id := saga.NewID()
				require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
				settle()
				require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
				time.Sleep(pause)
				require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)))
				time.Sleep(2 * time.Second)
				require.NoError(t, c.Apply(t.Context(), id, saga.SupplyOutput("b", json.RawMessage(`"b"`), audit)))
				require.NoError(t, c.Apply(t.Context(), id, saga.Resume(audit)))
				_, err := c.Wait(t.Context(), id)
				assert.Equal(t, saga.StateFailed, failedError(t, err).State)
				assert.Equal(t, []string{"do a", "do b", "undo b", "undo a"}, w.calls())
			})
		})
	}
}

func TestCancelOfAnUnwindingSagaIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.on("undo a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)))
		_, err := c.Wait(t.Context(), id)
		require.NotNil(t, failedError(t, err).Canceled)
		assert.Equal(t, audit.By, failedError(t, err).Canceled.By)
		require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)), "repeated after the saga has finished")
		assert.Equal(t, []string{"do a", "do b", "undo a"}, w.calls())
	})
}

func TestAbandonNeitherCancelsNorRepeatsARunningCall(t *testing.T) {
	for name, result := range map[string]error{"success": nil, "failure": errors.New("no")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.fail("do b")
				var actionContext context.Context
				var errDuringCall error
				w.on("undo a", func(ctx saga.ActionContext) error {
					time.Sleep(time.Second)
					actionContext, errDuringCall = ctx, ctx.Err()
					return result
				})
				c := w.open(t, store.NewMemory())
				id := saga.NewID()
				require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
				settle()
				require.NoError(t, c.Apply(t.Context(), id, saga.Pause(audit)))
				require.NoError(t, c.Apply(t.Context(), id, saga.Abandon(audit)))
				time.Sleep(time.Hour)
				synctest.Wait()
				assert.NoError(t, errDuringCall, "an undo isn't canceled")
				assert.ErrorIs(t, actionContext.Err(), context.Canceled, "the context ends after the last call")
				assert.Equal(t, []string{"do a", "do b", "undo a"}, w.calls())
			})
		})
	}
}

func TestUndoRetriedByCommandIsNotMarkedRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		c := w.open(t, store.NewMemory())
		id, _, err := run(t, c, chain())
		require.Error(t, err)
		var recovered bool
		w.on("undo a", func(ctx saga.ActionContext) error { recovered = ctx.Recovered(); return nil })
		require.NoError(t, c.Apply(t.Context(), id, saga.RetryUndo("a", audit)))
		settle()
		synctest.Wait()
		assert.Equal(t, 2, w.count("undo a"))
		assert.False(t, recovered, "the outcome of the earlier attempts was recorded")
	})
}
