package sec_test

import (
	"context"
	"errors"
	"sync"
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

func TestRepeatedCreateAndStartRunsTheSagaOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { assert.NoError(t, c.CreateAndStart(t.Context(), id, chain())) })
		}
		wg.Wait()
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()), "repeated after the saga has finished")
		require.NoError(t, c.StartCreated(t.Context(), id))
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

func TestCreateRejectsAnotherSagaWithTheSameID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		assert.ErrorIs(t, c.Create(t.Context(), id, diamond()), saga.ErrSagaExists)
		require.NoError(t, c.StartCreated(t.Context(), id))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.ErrorIs(t, c.CreateAndStart(t.Context(), id, diamond()), saga.ErrSagaExists)
	})
}

func TestCreateRejectsAnUnregisteredAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().open(t, store.NewMemory())
		id := saga.NewID()
		dag := withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "gone")))
		assert.ErrorIs(t, c.Create(t.Context(), id, dag), saga.ErrUnknownAction)
		_, err := c.Status(t.Context(), id)
		assert.ErrorIs(t, err, saga.ErrNotFound)
		assert.Error(t, c.Create(t.Context(), saga.ID{}, chain()))
		assert.ErrorContains(t, c.Create(t.Context(), id, nil), "has no DAG")
		assert.ErrorContains(t, c.Create(t.Context(), id, &saga.SagaDAG{}), "has no DAG")
	})
}

// Stop waits for running actions, records their outcomes, and starts no further
// action.
func TestStopRecordsRunningActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(ctx saga.ActionContext) error { time.Sleep(time.Second); return ctx.Err() })
		st := store.NewMemory()
		c := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		require.NoError(t, c.Stop(t.Context()))
		assert.Equal(t, []string{"a started", "a succeeded"}, storedKinds(t, st, id))
		_, err := c.Wait(t.Context(), id)
		assert.ErrorIs(t, err, saga.ErrStopped)
		assert.ErrorIs(t, c.CreateAndStart(t.Context(), saga.NewID(), chain()), saga.ErrStopped)

		next := w.open(t, st)
		_, err = next.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// An error that an action returns because Stop canceled it is not recorded as
// its failure.
func TestStopTimeoutCancelsActionsWithoutRecordingThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(ctx saga.ActionContext) error { <-ctx.Done(); return ctx.Err() })
		st := store.NewMemory()
		c := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		synctest.Wait()
		assert.Equal(t, []string{"a started"}, storedKinds(t, st, id))
		require.NoError(t, c.Stop(t.Context()), "it may be called again")
	})
}

func TestStopInterruptsTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.on("undo a", func(saga.ActionContext) error { return errors.New("down") })
		st := store.NewMemory()
		c := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(10 * time.Second)
		began := time.Now()
		require.NoError(t, c.Stop(t.Context()))
		assert.Zero(t, time.Since(began))
		assert.Equal(t, "a undo_started", storedKinds(t, st, id)[4])
	})
}

func TestMethodsReturnErrStoppedAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		c := newWorld().start(t, st)
		created, done := saga.NewID(), saga.NewID()
		require.NoError(t, c.Create(t.Context(), created, chain()))
		require.NoError(t, c.CreateAndStart(t.Context(), done, chain()))
		_, err := c.Wait(t.Context(), done)
		require.NoError(t, err)
		require.NoError(t, c.Stop(t.Context()))
		assert.ErrorIs(t, c.StartCreated(t.Context(), created), saga.ErrStopped)
		_, err = c.Wait(t.Context(), created)
		assert.ErrorIs(t, err, saga.ErrStopped)
	})
}

func TestImportedLogOfAnotherStoreContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do c")
		c := w.open(t, store.NewMemory())
		id, _, err := run(t, c, chain())
		failedError(t, err)
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)

		log := status.Log()
		log.Events = log.Events[:5]
		other := newWorld()
		importer := other.open(t, store.NewMemory())
		require.NoError(t, importer.Import(t.Context(), log))
		imported, err := importer.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, "queued-todo", imported.Describe("c"))
		assert.Empty(t, other.calls())
		require.NoError(t, importer.StartCreated(t.Context(), id))
		_, err = importer.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do c"}, other.calls())

		different := &saga.Log{ID: id, DAG: log.DAG, Events: status.Events}
		assert.ErrorIs(t, importer.Import(t.Context(), different), saga.ErrSagaExists, "the log differs")

		log.Events = []engine.Event{{Node: 3, Kind: engine.EventStarted}}
		log.ID = saga.NewID()
		assert.ErrorContains(t, importer.Import(t.Context(), log), `started for node "c", allowed only if`)
	})
}

// unwinding returns a log of a chain whose second node has failed.
func unwinding(id saga.ID) *saga.Log {
	return &saga.Log{ID: id, DAG: chain(), Events: []engine.Event{
		{Seq: 0, Node: 1, Kind: engine.EventStarted},
		{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: []byte(`"a"`)},
		{Seq: 2, Node: 2, Kind: engine.EventStarted},
		{Seq: 3, Node: 2, Kind: engine.EventFailed, Payload: []byte(`{"message":"no","reason":"error","attempts":1}`)},
	}}
}

func TestImportedUnwindingSagaWaitsForItsStart(t *testing.T) {
	fromEachOrigin(t, func(t *testing.T, from origin) {
		w := newWorld()
		c := from.open(t, w, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Import(t.Context(), unwinding(id)))
		time.Sleep(time.Hour)
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, saga.StateCreated, status.State)
		require.Empty(t, w.calls())
		require.NoError(t, c.StartCreated(t.Context(), id))
		_, err = c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, []string{"undo a"}, w.calls())
	})
}

func TestImportedSagaWaitsForItsStartAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := store.NewMemory()
		c := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, c.Import(t.Context(), unwinding(id)))
		require.NoError(t, c.Stop(t.Context()))
		c = w.open(t, st)
		time.Sleep(time.Hour)
		require.Empty(t, w.calls())
		require.NoError(t, c.StartCreated(t.Context(), id))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, []string{"undo a"}, w.calls())
	})
}

func TestCanceledImportedSagaUnwinds(t *testing.T) {
	canceled := engine.Event{
		Seq: 2, Kind: engine.EventCanceled, Payload: []byte(`{"by":"bob","reason":"elsewhere"}`),
	}
	for name, more := range map[string][]engine.Event{
		"that was running": nil, "that was canceled before": {canceled},
	} {
		t.Run(name, func(t *testing.T) {
			fromEachOrigin(t, func(t *testing.T, from origin) {
				w := newWorld()
				c := from.open(t, w, store.NewMemory())
				id := saga.NewID()
				log := unwinding(id)
				log.Events = append(log.Events[:2], more...)
				require.NoError(t, c.Import(t.Context(), log))
				time.Sleep(time.Hour)
				require.Empty(t, w.calls(), "it waits for its start")
				require.NoError(t, c.Apply(t.Context(), id, saga.Cancel(audit)))
				ctx, cancel := contextFor(t, time.Hour)
				defer cancel()
				_, err := c.Wait(ctx, id)
				assert.Equal(t, saga.StateFailed, failedError(t, err).State)
				assert.Equal(t, []string{"undo a"}, w.calls())
			})
		})
	}
}

func TestImportRejectsALogThatCouldNotBeRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().notStarted(t, sec.Config{})
		for range 2 {
			log := unwinding(saga.NewID())
			log.Events[1].Payload = []byte(`{`)
			assert.ErrorContains(t, c.Import(t.Context(), log), "event 1 has a payload that is not JSON")
			assert.ErrorContains(t, c.Import(t.Context(), nil), "log is nil")
			_ = c.Start() // the same from then on
		}
		require.NoError(t, c.Stop(t.Context()))
	})
}

func TestNewRejectsAnInvalidConfig(t *testing.T) {
	for want, config := range map[string]sec.Config{
		"StoreTimeout is negative": {StoreTimeout: -1},
		`Owner "a\x00"`:            {Owner: "a\x00"},
		`Owner "\xff"`:             {Owner: "\xff"},
		`Queue "a\x00"`:            {Queue: "a\x00"},
		`Queue "\xff"`:             {Queue: "\xff"},
	} {
		_, err := sec.New(config)
		assert.ErrorContains(t, err, want)
	}
	_, err := sec.NewClient(sec.ClientConfig{Store: store.NewMemory(), Queue: "\xff"})
	assert.ErrorContains(t, err, "Queue")
}

func TestZeroConfigWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := sec.New(sec.Config{})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		_, _, err = run(t, c, withParams(saga.NewDAGBuilder("s").Append(saga.ConstantNode("one", 1))))
		require.NoError(t, err)
		require.NoError(t, c.Stop(t.Context()))
	})
}

// An action that doesn't return keeps no saga in the memory of a coordinator
// that has shut down.
func TestStopTimeoutReleasesTheSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Hour); return nil })
		c := w.start(t, store.NewMemory())
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), chain()))
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		require.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		synctest.Wait()
		assert.Empty(t, c.InMemory())
		require.NoError(t, c.Stop(t.Context()), "again, after the action has returned")
	})
}
