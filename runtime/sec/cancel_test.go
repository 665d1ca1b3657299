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
		require.NoError(t, c.CreateAndStart(t.Context(), busy, withParams(saga.NewDAGBuilder("busy").Append(act("a")))))
		settle()
		require.NoError(t, c.CreateAndStart(t.Context(), waiting, withParams(saga.NewDAGBuilder("waiting").Append(act("z")))))
		settle()
		require.NoError(t, c.Cancel(t.Context(), waiting, because))
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

// Whether the node has failed before or after the Cancel, its output that is supplied is undone.
func TestCanceledSagaDoesNotRunOnFromASuppliedOutput(t *testing.T) {
	for name, pause := range map[string]time.Duration{"canceled while it runs": 0, "canceled while it unwinds": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Second); return saga.Permanent(errors.New("no")) })
				c := w.open(t, store.NewMemory())
				id := saga.NewID()
				require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
				settle()
				require.NoError(t, c.Pause(t.Context(), id, because))
				time.Sleep(pause)
				require.NoError(t, c.Cancel(t.Context(), id, because))
				time.Sleep(2 * time.Second)
				output := because
				output.Output = json.RawMessage(`"b"`)
				require.NoError(t, c.SupplyOutput(t.Context(), id, "b", output))
				require.NoError(t, c.Resume(t.Context(), id, because))
				_, err := c.Wait(t.Context(), id)
				assert.Equal(t, saga.StateFailed, failedError(t, err).State)
				assert.Equal(t, []string{"do a", "do b", "undo b", "undo a"}, w.calls())
			})
		})
	}
}

func TestCancelOfASagaThatUnwindsIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.on("undo a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		settle()
		require.NoError(t, c.Cancel(t.Context(), id, because))
		_, err := c.Wait(t.Context(), id)
		require.NotNil(t, failedError(t, err).Canceled)
		assert.Equal(t, because.By, failedError(t, err).Canceled.By)
		require.NoError(t, c.Cancel(t.Context(), id, because), "again, when it has ended")
		assert.Equal(t, []string{"do a", "do b", "undo a"}, w.calls())
	})
}

func TestAbandonBreaksOffNoCallAndRepeatsNone(t *testing.T) {
	for name, call := range map[string]error{"that succeeds": nil, "that fails": errors.New("no")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.fail("do b")
				var life context.Context
				var ended error
				w.on("undo a", func(ctx saga.ActionContext) error {
					time.Sleep(time.Second)
					life, ended = ctx, ctx.Err()
					return call
				})
				c := w.open(t, store.NewMemory())
				id := saga.NewID()
				require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
				settle()
				require.NoError(t, c.Pause(t.Context(), id, because))
				require.NoError(t, c.Abandon(t.Context(), id, because))
				time.Sleep(time.Hour)
				synctest.Wait()
				assert.NoError(t, ended, "an undo isn't cancelled")
				assert.ErrorIs(t, life.Err(), context.Canceled, "it is over when the last call is")
				assert.Equal(t, []string{"do a", "do b", "undo a"}, w.calls())
			})
		})
	}
}

func TestUndoThatIsRetriedByOrderIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		c := w.open(t, store.NewMemory())
		id, _, err := run(t, c, chain())
		require.Error(t, err)
		var resumed bool
		w.on("undo a", func(ctx saga.ActionContext) error { resumed = ctx.Recovered(); return nil })
		require.NoError(t, c.RetryUndo(t.Context(), id, "a", because))
		settle()
		synctest.Wait()
		assert.Equal(t, 2, w.count("undo a"))
		assert.False(t, resumed, "the end of the earlier attempts was recorded")
	})
}
