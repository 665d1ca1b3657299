package sec_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
)

// A coordinator rejects commands for a saga that it has handed off as it can't
// run it, until another coordinator has claimed the saga.
func TestCommandForAHandedOffSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		running := plant(t, st, chain(), saga.StateRunning, nil)
		stuck := plant(t, st, chain(), saga.StateStuck, []engine.Event{
			{Seq: 0, Node: 1, Kind: engine.EventStarted},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: []byte(`"a"`)},
			{Seq: 2, Node: 2, Kind: engine.EventStarted}, {Seq: 3, Node: 2, Kind: engine.EventFailed},
			{Seq: 4, Node: 1, Kind: engine.EventUndoStarted}, {Seq: 5, Node: 1, Kind: engine.EventUndoFailed},
		})
		abandoned := plant(t, st, chain(), saga.StateRunning, nil)
		old := withoutActions(t, st)
		time.Sleep(time.Minute)
		require.ErrorIs(t, old.Apply(t.Context(), running, saga.Cancel(audit)), saga.ErrUnknownAction)
		require.ErrorIs(t, old.Apply(t.Context(), stuck, saga.RetryUndo("a", audit)), saga.ErrUnknownAction)
		client := newClient(t, sec.ClientConfig{Store: st})
		require.NoError(t, client.Apply(t.Context(), running, saga.Pause(audit)), "a command of a client is recorded")
		time.Sleep(time.Minute)
		status, err := old.Status(t.Context(), running)
		require.NoError(t, err)
		assert.True(t, status.Paused)
		assert.ErrorIs(t, status.Parked, saga.ErrUnknownAction)

		for range 2 {
			require.NoError(t, old.Apply(t.Context(), abandoned, saga.Abandon(audit)))
		}
		notified, err := st.List(t.Context(), saga.Query{Notified: true})
		require.NoError(t, err)
		assert.Empty(t, notified, "the saga has no owner to notify")

		w := newWorld()
		c := withLeases(t, st, w.registry())
		time.Sleep(time.Minute)
		require.NoError(t, old.Apply(t.Context(), running, saga.Abandon(audit)), "it is paused")
		require.NoError(t, old.Apply(t.Context(), stuck, saga.RetryUndo("a", audit)))
		_, err = c.Wait(t.Context(), stuck)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, []string{"undo a"}, w.calls())
	})
}

func TestAbandonIsRefusedForAHandedOffSagaThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := withoutActions(t, st)
		time.Sleep(time.Minute)
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := withLeases(t, st, w.registry())
		synctest.Wait()
		assert.ErrorIs(t, old.Apply(t.Context(), id, saga.Abandon(audit)), saga.ErrWrongState)
		_, err := c.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

func TestHandedOffSagaIsNotReclaimedWhenItsOwnerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := withoutActions(t, st)
		time.Sleep(time.Minute)
		w := newWorld()
		w.on("do b", func(ctx saga.ActionContext) error { <-ctx.Done(); return ctx.Err() })
		c, err := sec.New(sec.Config{
			Store: st, Registry: w.registry(), Lease: lease, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		time.Sleep(time.Hour)
		assert.Equal(t, 2, st.count("Claim", id))
		status, err := old.Status(t.Context(), id)
		require.NoError(t, err)
		assert.NoError(t, status.Parked, "it has an owner")

		_, err = withLeases(t, st, newWorld().registry()).Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

// No coordinator can replay the log of the saga, and each of them hands it off.
// Each can abandon it, not only the one that released it last.
func TestSagaWithAnInvalidLogCanBeAbandonedByAnyCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		var ids []saga.ID
		var coordinators []*sec.Coordinator
		for range 3 {
			invalid := []engine.Event{{Node: 3, Kind: engine.EventStarted}}
			ids = append(ids, plant(t, st, chain(), saga.StateRunning, invalid))
			coordinators = append(coordinators, withLeases(t, st, newWorld().registry()))
		}
		time.Sleep(time.Hour)
		for i, c := range coordinators {
			assert.Equal(t, 3, st.count("Claim", ids[i]))
			require.NoError(t, c.Apply(t.Context(), ids[i], saga.Abandon(audit)))
			record, err := st.Load(t.Context(), ids[i])
			require.NoError(t, err)
			assert.Equal(t, saga.StateAbandoned, record.State)
		}
	})
}
