package sec_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
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

// notStarted returns a coordinator on a store that has not been started.
func (w *world) notStarted(t *testing.T, config sec.Config) *sec.Coordinator {
	t.Helper()
	config.Registry, config.Logger = w.registry(), slog.New(slog.NewTextHandler(io.Discard, nil))
	c, err := sec.New(config)
	require.NoError(t, err)
	return c
}

func TestNewDoesNotCallTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		c := newWorld().notStarted(t, sec.Config{Store: st, Lease: time.Minute, Retention: sec.Retention{MaxCount: 1}})
		time.Sleep(time.Hour)
		require.NoError(t, c.Stop(t.Context()), "a coordinator that was never started stops at once")
		assert.ErrorIs(t, c.Start(), saga.ErrStopped)
		assert.ErrorIs(t, c.Run(t.Context()), saga.ErrStopped)
		assert.ErrorIs(t, c.CreateAndStart(t.Context(), saga.NewID(), chain()), saga.ErrStopped)
		assert.Zero(t, st.calls(everyMethod+" Watch"))
	})
}

func TestStartIsAnErrorTheSecondTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().open(t, store.NewMemory())
		assert.ErrorContains(t, c.Start(), "has been started")
		assert.ErrorContains(t, c.Run(t.Context()), "has been started")
		_, _, err := run(t, c, chain())
		assert.NoError(t, err, "it still runs")
	})
}

// Everything that is recorded before a coordinator runs takes effect when it
// runs, with and without leases.
func TestCoordinatorRecordsSagasAndCommandsBeforeItRuns(t *testing.T) {
	for name, lease := range map[string]time.Duration{"without leases": 0, "with leases": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				c := w.notStarted(t, sec.Config{Lease: lease})
				started, canceled, created, imported := saga.NewID(), saga.NewID(), saga.NewID(), saga.NewID()
				require.NoError(t, c.CreateAndStart(t.Context(), started, chain()))
				require.NoError(t, c.CreateAndStart(t.Context(), started, chain()), "again")
				require.NoError(t, c.CreateAndStart(t.Context(), canceled, chain()))
				require.NoError(t, c.Apply(t.Context(), canceled, saga.Cancel(audit)))
				require.NoError(t, c.Create(t.Context(), created, chain()))
				require.NoError(t, c.StartCreated(t.Context(), created))
				log := unwinding(imported)
				log.Events = log.Events[:2]
				require.NoError(t, c.Import(t.Context(), log))
				time.Sleep(time.Hour)
				status, err := c.Status(t.Context(), started)
				require.NoError(t, err)
				assert.Equal(t, saga.StateRunning, status.State)
				assert.Empty(t, w.calls(), "it doesn't run yet")
				assert.Empty(t, c.InMemory())

				waited := make(chan error, 1)
				go func() {
					_, err := c.Wait(t.Context(), started)
					waited <- err
				}()
				require.NoError(t, c.Start())
				require.NoError(t, <-waited)
				_, err = c.Wait(t.Context(), created)
				require.NoError(t, err)
				_, err = c.Wait(t.Context(), canceled)
				assert.Equal(t, saga.StateFailed, failedError(t, err).State)
				require.NoError(t, c.StartCreated(t.Context(), imported))
				_, err = c.Wait(t.Context(), imported)
				require.NoError(t, err)
				require.NoError(t, c.Stop(t.Context()))
			})
		})
	}
}

func TestSagaRunsAtOnceIfItIsCreatedWhileTheCoordinatorStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().notStarted(t, sec.Config{Poll: time.Hour})
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { ended <- c.Run(ctx) }()
		began := time.Now()
		_, _, err := run(t, c, chain())
		require.NoError(t, err)
		assert.Less(t, time.Since(began), time.Second)
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestRunWaitsForRunningActionsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, st := newWorld(), store.NewMemory()
		w.on("do a", func(ctx saga.ActionContext) error { time.Sleep(10 * time.Second); return ctx.Err() })
		c := w.notStarted(t, sec.Config{Store: st})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		synctest.Wait()
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		cancel()
		began := time.Now()
		require.NoError(t, <-ended)
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Equal(t, []string{"do a"}, w.calls(), "nothing more starts")
		events, err := st.Events(t.Context(), id, 0, 0)
		require.NoError(t, err)
		assert.Equal(t, engine.EventSucceeded, events[len(events)-1].Kind)
	})
}

func TestRunEndsAfterItsDrainTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(ctx saga.ActionContext) error { <-ctx.Done(); return context.Cause(ctx) })
		c := w.notStarted(t, sec.Config{DrainTimeout: 7 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		synctest.Wait()
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), chain()))
		synctest.Wait()
		cancel()
		began := time.Now()
		err := <-ended
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 7*time.Second, time.Since(began))
		_, err = sec.New(sec.Config{DrainTimeout: -1})
		assert.ErrorContains(t, err, "DrainTimeout is negative")
	})
}

func TestRunEndsWhenTheCoordinatorIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().notStarted(t, sec.Config{})
		ended := make(chan error, 1)
		go func() { ended <- c.Run(t.Context()) }()
		synctest.Wait()
		require.NoError(t, c.Stop(t.Context()))
		require.NoError(t, <-ended)
	})
}

func TestStatusShowsAttemptsErrorsOutputsAndTimesOfNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Second); return saga.Permanent(errors.New("no room")) })
		w.fail("undo a")
		c := w.open(t, store.NewMemory())
		began := time.Now().UTC()
		id, _, err := run(t, c, chain())
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		a, err := status.Node("a")
		require.NoError(t, err)
		b, err := status.Node("b")
		require.NoError(t, err)
		ended, err := status.Node("c")
		require.NoError(t, err)

		assert.Equal(t, engine.NodeUndoFailed, a.State)
		assert.Equal(t, began, a.Started)
		assert.Equal(t, began.Add(2*time.Second), a.Ended, "when its undo failed")
		assert.Equal(t, `"a"`, string(a.Output))
		assert.Equal(t, 1, a.Attempts)
		require.Error(t, a.Err)

		assert.Equal(t, engine.NodeFailed, b.State)
		assert.Equal(t, began.Add(time.Second), b.Started)
		assert.Equal(t, began.Add(2*time.Second), b.Ended)
		assert.Empty(t, b.Output)
		assert.EqualError(t, b.Err, "no room")
		assert.Equal(t, 1, b.Attempts)

		assert.Equal(t, saga.NodeStatus{Path: "c", Kind: engine.KindAction}, ended)
		_, err = status.Node("x")
		assert.ErrorIs(t, err, saga.ErrNodeNotFound)
		assert.Empty(t, status.Describe("x"))

		require.NoError(t, c.Apply(t.Context(), id, saga.MarkUndone("a", audit)))
		_, err = c.Wait(t.Context(), id)
		failedError(t, err)
		status, err = c.Status(t.Context(), id)
		require.NoError(t, err)
		a, err = status.Node("a")
		require.NoError(t, err)
		assert.NoError(t, asError(a.Err), "an operator resolved it")
		assert.Zero(t, a.Attempts)
	})
}

// asError returns nil if err is nil.
func asError(err *saga.ActionError) error {
	if err == nil {
		return nil
	}
	return err
}

func TestWaitNoticesStopBetweenTwoPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().notStarted(t, sec.Config{Poll: time.Hour})
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		waited := make(chan error, 1)
		go func() {
			_, err := c.Wait(t.Context(), id)
			waited <- err
		}()
		time.Sleep(10 * time.Hour)
		began := time.Now()
		require.NoError(t, c.Stop(t.Context()))
		assert.ErrorIs(t, <-waited, saga.ErrStopped)
		assert.Zero(t, time.Since(began))
	})
}

// All methods may be called at the same time, whether the coordinator starts,
// runs or stops. When Stop has returned, it has no goroutine and no saga left.
func TestConcurrentCallsWhileACoordinatorStartsAndStops(t *testing.T) {
	for i := range 60 {
		synctest.Test(t, func(t *testing.T) {
			config := sec.Config{
				MaxSagas: i % 3, MaxActions: i % 4, Retention: sec.Retention{MaxCount: i % 5},
				Lease: time.Duration(i%2) * time.Second,
			}
			c := newWorld().notStarted(t, config)
			id := saga.NewID()
			running, end := context.WithCancel(t.Context())
			defer end()
			var calls sync.WaitGroup
			for range 3 {
				for _, call := range []func(ctx context.Context){
					func(ctx context.Context) { _ = c.Run(ctx) },
					func(context.Context) { _ = c.Start() },
					func(ctx context.Context) { _ = c.CreateAndStart(ctx, id, chain()) },
					func(ctx context.Context) { _ = c.Create(ctx, saga.NewID(), diamond()) },
					func(ctx context.Context) { _ = c.StartCreated(ctx, id) },
					func(ctx context.Context) { _ = c.Apply(ctx, id, saga.Pause(audit)) },
					func(ctx context.Context) { _ = c.Apply(ctx, id, saga.Cancel(audit)) },
					func(ctx context.Context) { _, _ = c.Status(ctx, id) },
					func(ctx context.Context) { _, _ = c.Wait(ctx, id) },
					func(ctx context.Context) { _ = c.Inject(ctx, id, "b", sec.FailDo()) },
					func(ctx context.Context) { _ = c.Delete(ctx, id) },
					func(context.Context) { c.InMemory() },
				} {
					calls.Go(func() { call(running) })
				}
			}
			if i%3 > 0 {
				time.Sleep(time.Duration(i) * 50 * time.Millisecond)
			}
			if i%3 > 1 {
				end()
			}
			for range 2 {
				calls.Go(func() { assert.NoError(t, c.Stop(t.Context())) })
			}
			calls.Wait()
			assert.Empty(t, c.InMemory())
			assert.ErrorIs(t, c.Start(), saga.ErrStopped)
		})
	}
}
