package sec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

// configured starts a coordinator with the given configuration.
func (w *world) configured(t *testing.T, config sec.Config) *sec.Coordinator {
	t.Helper()
	if config.Registry == nil {
		config.Registry = w.registry()
	}
	config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	c, err := sec.New(config)
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

// gauge counts concurrent calls.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

// hold counts a call that takes d.
func (g *gauge) hold(d time.Duration) {
	g.mu.Lock()
	g.now++
	g.most = max(g.most, g.now)
	g.mu.Unlock()
	time.Sleep(d)
	g.mu.Lock()
	g.now--
	g.mu.Unlock()
}

// slowRegistry has the action "slow", whose do and undo take a second each. The
// policy applies to its do.
func slowRegistry(do, undo *gauge, policy saga.Policy) *saga.Registry {
	r := saga.NewRegistry()
	r.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, saga.None]{
		Name: "slow",
		Do: func(ctx saga.ActionContext, _ saga.None) (saga.None, error) {
			do.hold(time.Second)
			return saga.None{}, nil
		},
		DoPolicy: policy,
		Undo:     func(saga.ActionContext, saga.None, saga.None) error { undo.hold(time.Second); return nil },
	}), saga.NewActionFunc("fail", func(saga.ActionContext) (saga.None, error) {
		return saga.None{}, errors.New("no")
	}, nil))
	return r
}

func slowFan(n int, last saga.ActionName) *saga.SagaDAG {
	var nodes []saga.Node
	for i := range n {
		nodes = append(nodes, saga.ActionNode(saga.NodeName(fmt.Sprintf("n%d", i)), "", "slow"))
	}
	return withParams(saga.NewDAGBuilder("fan").AppendParallel(nodes...).Append(saga.ActionNode("last", "", last)))
}

func TestActionLimitIsSharedByAllSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var do, undo gauge
		c := newWorld().configured(t, sec.Config{Registry: slowRegistry(&do, &undo, saga.Policy{Limit: 2})})
		began := time.Now()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { run(t, c, slowFan(3, "fail")) })
		}
		all.Wait()
		assert.Equal(t, 2, do.most)
		assert.Greater(t, undo.most, 2, "the undos are not limited")
		assert.Equal(t, 7*time.Second, time.Since(began), "12 dos, two at a time, and the last undos")
	})
}

// Undos don't wait for dos, nor dos for undos. A coordinator with the maximum
// of one kind still makes progress with the other.
func TestMaxActionsAppliesToEachDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var do, undo gauge
		c := newWorld().configured(t, sec.Config{MaxActions: 3, Registry: slowRegistry(&do, &undo, saga.Policy{})})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { run(t, c, slowFan(5, "fail")) })
		}
		all.Wait()
		assert.Equal(t, 3, do.most)
		assert.Equal(t, 3, undo.most)
	})
}

// A saga with one node doesn't wait until a saga with a hundred nodes has
// finished.
func TestLimitsAreFairBetweenSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var do, undo gauge
		c := newWorld().configured(t, sec.Config{MaxActions: 1, Registry: slowRegistry(&do, &undo, saga.Policy{})})
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), slowFan(100, "slow")))
		synctest.Wait()
		began := time.Now()
		small := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), small, slowFan(1, "slow")))
		synctest.Wait()
		require.NoError(t, c.CreateAndStart(t.Context(), saga.NewID(), slowFan(100, "slow")))
		_, err := c.Wait(t.Context(), small)
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(began), 8*time.Second,
			"for each of its two nodes: the running action, one of each other saga, its own")
	})
}

func TestSagasAreAdmittedInTheOrderOfTheirStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var running gauge
		var order []string
		w.on("do a", func(ctx saga.ActionContext) error {
			params, err := saga.Params[string](ctx)
			order = append(order, params)
			running.hold(time.Second)
			return err
		})
		c := w.configured(t, sec.Config{MaxSagas: 1})
		var ids []saga.ID
		for i := range 4 {
			dag, err := saga.NewSagaDAG(saga.NewDAGBuilder("s").Append(act("a")).MustBuild(), fmt.Sprint(i))
			require.NoError(t, err)
			ids = append(ids, saga.NewID())
			require.NoError(t, c.CreateAndStart(t.Context(), ids[i], dag))
			synctest.Wait()
		}
		for _, id := range ids {
			_, err := c.Wait(t.Context(), id)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"0", "1", "2", "3"}, order)
		assert.Equal(t, 1, running.most)
	})
}

func TestSagaAtABreakpointReleasesItsAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.configured(t, sec.Config{MaxSagas: 1})
		waiting := saga.NewID()
		require.NoError(t, c.Create(t.Context(), waiting, chain()))
		require.NoError(t, c.Apply(t.Context(), waiting, saga.SetBreakpoint("b", audit)))
		require.NoError(t, c.StartCreated(t.Context(), waiting))
		synctest.Wait()
		_, _, err := run(t, c, chain())
		require.NoError(t, err)
		require.NoError(t, c.Apply(t.Context(), waiting, saga.ClearBreakpoint("b", audit)))
		_, err = c.Wait(t.Context(), waiting)
		require.NoError(t, err)
	})
}

func TestOversizedSagasAndOutputsAreRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := saga.NewRegistry()
		registry.Register(nil, saga.NewActionFunc("large",
			func(saga.ActionContext) (string, error) { return strings.Repeat("x", 2000), nil }, nil))
		c := newWorld().configured(t, sec.Config{Registry: registry, MaxPayload: 1000, MaxNodes: 4})
		large := func(name saga.NodeName) saga.Node { return saga.ActionNode(name, "", "large") }

		tooMany := withParams(saga.NewDAGBuilder("s").Append(large("a")).Append(large("b")).Append(large("c")))
		err := c.Create(t.Context(), saga.NewID(), tooMany)
		assert.ErrorIs(t, err, saga.ErrTooLarge)
		assert.ErrorContains(t, err, "5 nodes, Config.MaxNodes is 4")

		one := saga.NewDAGBuilder("s").Append(large("a")).MustBuild()
		params, err := saga.NewSagaDAG(one, strings.Repeat("x", 1000))
		require.NoError(t, err)
		assert.ErrorContains(t, c.Create(t.Context(), saga.NewID(), params),
			"parameters of 1002 bytes, Config.MaxPayload is 1000")

		_, _, err = run(t, c, withParams(saga.NewDAGBuilder("s").Append(large("a"))))
		assert.ErrorContains(t, err, "the output has 2002 bytes, the limit is 1000")
		assert.Equal(t, engine.EventIndeterminate, failedError(t, err).Failures[0].Kind)
	})
}

func TestRetentionDeletesByAgeAndCount(t *testing.T) {
	for name, c := range map[string]struct {
		retention sec.Retention
		kept      int
	}{
		"age":   {sec.Retention{MaxAge: 90 * time.Minute}, 1},
		"count": {sec.Retention{MaxCount: 3}, 3},
		"both":  {sec.Retention{MaxAge: 90 * time.Minute, MaxCount: 1}, 1},
		"none":  {sec.Retention{}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				st := store.NewMemory()
				stuck := newWorld()
				stuck.fail("do b")
				stuck.fail("undo a")
				first := stuck.start(t, st)
				stuckID, _, err := run(t, first, chain())
				failedError(t, err)
				require.NoError(t, first.Stop(t.Context()))
				coordinator := w.configured(t, sec.Config{Store: st, Retention: c.retention})
				var last saga.ID
				for range 5 {
					last, _, err = run(t, coordinator, chain())
					require.NoError(t, err)
					time.Sleep(time.Hour)
				}
				_, err = st.Load(t.Context(), stuckID)
				assert.NoError(t, err, "a stuck saga is not deleted")
				if c.kept > 0 {
					_, err = st.Load(t.Context(), last)
					assert.NoError(t, err, "the newest saga is kept")
				}
				records, err := st.List(t.Context(), saga.Query{States: []saga.State{saga.StateSucceeded}})
				require.NoError(t, err)
				assert.Len(t, records, c.kept)
			})
		})
	}
}

func TestRetentionDeletesOnlyFromItsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		keeper := w.configured(t, sec.Config{Store: st, Queue: "kept"})
		w.configured(t, sec.Config{Store: st, Queue: "short-lived", Retention: sec.Retention{MaxAge: time.Hour}})
		id, _, err := run(t, keeper, chain())
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		_, err = keeper.Status(t.Context(), id)
		require.NoError(t, err)
	})
}

func TestRepeatedStartIsAdmittedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := w.configured(t, sec.Config{MaxSagas: 2})
		id := saga.NewID()
		for range 3 {
			require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
			synctest.Wait()
		}
		began := time.Now()
		_, _, err := run(t, c, withParams(saga.NewDAGBuilder("s").Append(act("x"))))
		require.NoError(t, err)
		assert.Zero(t, time.Since(began))
	})
}
