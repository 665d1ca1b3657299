package sec_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
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

// recorder is an observer that records a line for each observation, and then
// calls then, if it is set.
type recorder struct {
	mu    sync.Mutex
	lines []string
	then  func()
}

func (r *recorder) Observe(o sec.Observation) {
	r.mu.Lock()
	line := ""
	switch o.Kind {
	case sec.ObservedEvent:
		line = fmt.Sprintf("event %s %s", o.Path, o.Event.Kind)
	case sec.ObservedState:
		line = fmt.Sprintf("state %s", o.State)
	case sec.ObservedAttempt:
		line = fmt.Sprintf("attempt %s %s %d %v", o.Direction, o.Path, o.Attempt, o.Err)
	case sec.ObservedRecovery:
		line = fmt.Sprintf("recovery %s", o.State)
	case sec.ObservedParking:
		line = "parking"
	case sec.ObservedDrop:
		line = "drop"
	}
	r.lines = append(r.lines, line)
	r.mu.Unlock()
	if r.then != nil {
		r.then()
	}
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines
}

func TestObserverReceivesAllObservations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := store.NewMemory()
		plant(t, st, chain(), saga.StateRunning, []engine.Event{{Node: 3, Kind: engine.EventStarted}})
		recovered := plant(t, st, chain(), saga.StateRunning, nil)
		seen := &recorder{}
		c := w.configured(t, sec.Config{Store: st, Observer: seen})
		_, err := c.Wait(t.Context(), recovered)
		require.NoError(t, err)
		w.on("do a", func(ctx saga.ActionContext) error {
			if ctx.Attempt() == 1 {
				return saga.Permanent(errors.New("no"))
			}
			return nil
		})
		_, _, err = run(t, c, chain())
		failedError(t, err)
		synctest.Wait()
		assert.ElementsMatch(t, []string{
			"parking", "recovery running",
			"event a started", "attempt do a 1 <nil>", "event a succeeded",
			"event b started", "attempt do b 1 <nil>", "event b succeeded",
			"event c started", "attempt do c 1 <nil>", "event c succeeded", "state succeeded",
			"event a started", "state running", "attempt do a 1 no", "event a failed", "state failed",
		}, seen.all())
	})
}

func TestHungOrPanickingObserverDoesNotBlockSagas(t *testing.T) {
	for _, hung := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			proceed := make(chan struct{})
			seen := &recorder{then: func() { panic("observer") }}
			if hung {
				seen.then = func() { <-proceed }
			}
			c := newWorld().configured(t, sec.Config{Observer: seen})
			for range 600 {
				_, _, err := run(t, c, chain())
				require.NoError(t, err)
			}
			close(proceed)
			synctest.Wait()
			if hung {
				assert.Contains(t, seen.all(), "drop")
			}
		})
	}
}

func TestSlogObserverLogsNoPayloadUnlessAsked(t *testing.T) {
	for _, payloads := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			w := newWorld()
			w.fail("undo a")
			w.on("do b", func(saga.ActionContext) error { return saga.Permanent(errors.New("declined")) })
			c := w.configured(t, sec.Config{Observer: sec.SlogObserver{Logger: logger, Payloads: payloads}})
			_, _, err := run(t, c, chain())
			failedError(t, err)
			synctest.Wait()
			assert.Contains(t, out.String(), `level=ERROR msg="saga stuck"`)
			assert.Contains(t, out.String(), `level=DEBUG msg="saga event"`)
			assert.Contains(t, out.String(), `node=b direction=do attempt=1`)
			assert.Equal(t, payloads, bytes.Contains(out.Bytes(), []byte("payload=")))
		})
	}
}

func TestStatusReportsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do b")
		w.on("undo a", func(saga.ActionContext) error { return errors.New("down") })
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(20 * time.Second)
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		a, err := status.Node("a")
		require.NoError(t, err)
		assert.Equal(t, engine.NodeUndoStarted, a.State)
		assert.Equal(t, w.count("undo a"), a.Attempts)
		assert.Equal(t, "down", a.Err.Message)
		assert.True(t, a.Next.After(time.Now()))
		_, err = c.Wait(t.Context(), id)
		failedError(t, err)
	})
}

func TestInjectedRepeatCallsTheActionSeveralTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do c")
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		require.NoError(t, c.Inject(t.Context(), id, "b", sec.Repeat(3, 2)))
		assert.Error(t, c.Inject(t.Context(), id, "b", sec.Repeat(0, 2)))
		assert.Error(t, c.Inject(t.Context(), id, "b", sec.Fault{}))
		require.NoError(t, c.Inject(t.Context(), id, "a", sec.Repeat(1, 3)))
		assert.ErrorIs(t, c.Inject(t.Context(), id, "x", sec.Repeat(1, 1)), saga.ErrNodeNotFound)
		require.NoError(t, c.StartCreated(t.Context(), id))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, []string{
			"do a", "do b", "do b", "do b", "do c", "undo b", "undo b", "undo a", "undo a", "undo a",
		}, w.calls())
	})
}

// observerFunc is a function that is an Observer.
type observerFunc func(sec.Observation)

func (f observerFunc) Observe(o sec.Observation) { f(o) }

// An observer that ends its goroutine, as a failing test does, still receives
// the later observations.
func TestObserverThatCallsGoexitReceivesLaterObservations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []saga.State
		observer := observerFunc(func(o sec.Observation) {
			if o.Kind != sec.ObservedState {
				runtime.Goexit()
			}
			states = append(states, o.State)
		})
		c, err := sec.New(sec.Config{
			Registry: newWorld().registry(), Logger: slog.New(slog.DiscardHandler), Observer: observer,
		})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		_, _, err = run(t, c, chain())
		require.NoError(t, err)
		require.NoError(t, c.Stop(t.Context()))
		assert.Equal(t, []saga.State{saga.StateRunning, saga.StateSucceeded}, states)
	})
}

// The observer receives a command from another process once, even if the owner
// appends nothing itself meanwhile.
func TestObserverReceivesCommandsFromAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		seen := &recorder{}
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Hour); return nil })
		c := w.configured(t, sec.Config{Store: st, Observer: seen})
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, newClient(t, sec.ClientConfig{Store: st}).Apply(t.Context(), id, saga.Pause(audit)))
		time.Sleep(time.Minute)
		paused := 0
		for _, line := range seen.all() {
			if strings.Contains(line, "paused") {
				paused++
			}
		}
		assert.Equal(t, 1, paused, seen.all())
		require.NoError(t, c.Apply(t.Context(), id, saga.Resume(audit)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}
