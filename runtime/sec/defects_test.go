package sec_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// The tests of this file are named after defects of steno, the ancestor of this
// package. Each test fails if this package has the same defect.

// For a DAG with a join that unwinds, steno can't recover most prefixes of the
// log.
func TestDefectUnwindingADAGWithAJoinCannotBeRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		newFailingWorld := func() *world {
			w := newWorld()
			w.fail("do d")
			return w
		}
		c := newFailingWorld().open(t, store.NewMemory())
		id, _, err := run(t, c, diamond())
		failedError(t, err)
		live, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		for i := range len(live.Events) + 1 {
			st := store.NewMemory()
			planted := plant(t, st, live.DAG, saga.StateRunning, live.Events[:i])
			_, err := newFailingWorld().open(t, st).Wait(t.Context(), planted)
			assert.Equal(t, saga.StateFailed, failedError(t, err).State, "prefix %d", i)
		}
	})
}

// Steno's coordinator panics when two undos fail.
func TestDefectTwoUndoFailuresPanicTheCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.fail("do d")
		w.fail("undo b")
		w.fail("undo c")
		c := w.open(t, store.NewMemory())
		_, _, err := run(t, c, diamond())
		failed := failedError(t, err)
		assert.Equal(t, saga.StateStuck, failed.State)
		assert.Len(t, failed.Failures, 3)
		w.behavior = map[string]func(saga.ActionContext) error{}
		_, _, err = run(t, c, diamond())
		assert.NoError(t, err, "the coordinator still works")
	})
}

// A second Start drops a saga that runs.
func TestDefectASecondStartDropsTheSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		for range 3 {
			require.NoError(t, c.StartCreated(t.Context(), id))
		}
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// A panic in an action hangs the saga forever.
func TestDefectAPanicInAnActionHangsTheSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { panic("boom") })
		w.on("undo a", func(ctx saga.ActionContext) error {
			if ctx.Attempt() == 1 {
				panic("boom again")
			}
			return nil
		})
		c := w.open(t, store.NewMemory())
		dag := withParams(saga.NewDAGBuilder("s").Append(act("a")).Append(careful("b")))
		_, _, err := run(t, c, dag)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.ErrorContains(t, err, "boom")
	})
}

// A hung store hangs List, Status and Stop.
func TestDefectAHungStoreHangsListGetAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := newFakeStore()
		w.on("do a", func(saga.ActionContext) error { st.on("Create Append", hangs); return nil })
		c := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		began := time.Now()
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, "working", status.Describe("a"), "only durable events are visible")
		owned := c.InMemory()
		require.Len(t, owned, 1)
		assert.Equal(t, saga.StateRunning, owned[0].State)
		assert.Equal(t, saga.Name("chain"), owned[0].Name)
		assert.Zero(t, time.Since(began))
		st.on("List", hangs)
		_, err = c.List(t.Context(), saga.Query{Name: "chain", States: []saga.State{saga.StateRunning}})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 10*time.Second, time.Since(began), "Config.StoreTimeout")
		began = time.Now()

		ctx, cancel := contextFor(t, 3*time.Second)
		defer cancel()
		assert.Error(t, c.Stop(ctx))
		assert.Equal(t, 3*time.Second, time.Since(began))
	})
}

// The node after two consecutive subsagas gets the parameters of a subsaga.
func TestDefectTheNodeAfterTwoConsecutiveSubsagasGetsTheWrongParameters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := saga.NewRegistry()
		params := func(ctx saga.ActionContext) (string, error) { return saga.Params[string](ctx) }
		registry.Register(nil, saga.NewActionFunc("params", params, nil))
		node := func(name saga.NodeName) saga.Node { return saga.ActionNode(name, "", "params") }
		inner := saga.NewDAGBuilder("inner").Append(node("x")).MustBuild()
		c := openWith(t, store.NewMemory(), registry)
		_, outputs, err := run(t, c, withParams(saga.NewDAGBuilder("outer").
			Append(saga.ConstantNode("one", "first")).Append(saga.SubsagaNode("s1", inner, "one")).
			Append(saga.ConstantNode("two", "second")).Append(saga.SubsagaNode("s2", inner, "two")).
			Append(node("after"))))
		require.NoError(t, err)
		for path, want := range map[saga.NodePath]string{
			"s1": "first", "s1/x": "first", "s2": "second", "s2/x": "second", "after": "params",
		} {
			got, err := saga.OutputOf[string](outputs, path)
			require.NoError(t, err)
			assert.Equal(t, want, got, path)
		}
	})
}

// A Create that fails leaves a record in the store that no coordinator ever
// runs.
func TestDefectAFailedCreateLeavesAnOrphanRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := newFakeStore()
		st.on("Create", at(1, losesReply))
		c := w.open(t, st)
		id := saga.NewID()
		require.ErrorIs(t, c.CreateAndStart(t.Context(), id, chain()), errStore)
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()), "it may be repeated")

		unknown := withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "gone")))
		id = saga.NewID()
		require.ErrorIs(t, c.Create(t.Context(), id, unknown), saga.ErrUnknownAction)
		_, err = st.Load(t.Context(), id)
		assert.ErrorIs(t, err, store.ErrNotFound)
	})
}

// A lookup of a node that isn't an ancestor panics.
func TestDefectLookupOfANonAncestorPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := saga.NewRegistry()
		look := func(ctx saga.ActionContext) (string, error) { return saga.Lookup[string](ctx, "sibling") }
		registry.Register(nil,
			saga.NewActionFunc("look", look, nil),
			saga.NewActionFunc("act", func(saga.ActionContext) (string, error) { return "", nil }, nil))
		c := openWith(t, store.NewMemory(), registry)
		_, _, err := run(t, c, withParams(saga.NewDAGBuilder("s").
			AppendParallel(act("sibling"), saga.ActionNode("lookup", "", "look")).Append(act("last"))))
		failed := failedError(t, err)
		assert.Equal(t, engine.EventFailed, failed.Failures[0].Kind)
		assert.ErrorContains(t, err, `no ancestor has that name: "sibling"`)
	})
}

// Steno injects faults by index, also at an index without a node and at nodes
// that can't fail. Here they are injected by path, which such nodes don't have.
func TestDefectFaultIsInjectedAtANodeThatCannotFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld().open(t, store.NewMemory())
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		for _, node := range []saga.NodePath{"", "-1", "2", "start", "end"} {
			assert.ErrorIs(t, c.Inject(t.Context(), id, node, sec.FailDo()), saga.ErrNodeNotFound, "%q", node)
		}
		require.NoError(t, c.Inject(t.Context(), id, "b", sec.FailDo()))
		require.NoError(t, c.StartCreated(t.Context(), id))
		_, err := c.Wait(t.Context(), id)
		assert.ErrorContains(t, err, `node "b" failed: error injected`)
	})
}

// Finished sagas are never freed.
func TestDefectFinishedSagasAreNeverFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		c := w.open(t, store.NewMemory())
		for i := range 10 {
			if i == 5 {
				w.fail("do c")
			}
			_, _, _ = run(t, c, chain())
		}
		assert.Empty(t, c.InMemory())
	})
}

// The status is read while the executor changes it.
func TestDefectStatusRacesWithTheExecutor(t *testing.T) {
	w := newWorld()
	w.fail("do n99")
	b := saga.NewDAGBuilder("long")
	for i := range 100 {
		b.Append(act(saga.NodeName(fmt.Sprintf("n%d", i))))
	}
	c := w.open(t, store.NewMemory())
	id := saga.NewID()
	require.NoError(t, c.Create(t.Context(), id, withParams(b)))
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for seen := 0; ; {
				status, err := c.Status(t.Context(), id)
				if !assert.NoError(t, err) {
					return
				}
				assert.GreaterOrEqual(t, len(status.Events), seen, "events disappeared")
				seen = len(status.Events)
				assert.NotEmpty(t, status.String())
				c.InMemory()
				if status.State.Final() {
					return
				}
			}
		})
	}
	require.NoError(t, c.StartCreated(t.Context(), id))
	_, err := c.Wait(t.Context(), id)
	failedError(t, err)
	readers.Wait()
}

// The cost of a chain grows with the square of its length. The test counts
// allocations, as steno makes one for each ancestor of each node.
func TestDefectCostOfAChainIsQuadratic(t *testing.T) {
	c, err := sec.New(sec.Config{
		Registry: noop(), MaxNodes: 2000, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	allocations := func(n int) float64 {
		dag := chainDAG(n)
		return testing.AllocsPerRun(3, func() {
			withParams, err := saga.NewSagaDAG(dag, nil)
			require.NoError(t, err)
			_, _, err = run(t, c, withParams)
			require.NoError(t, err)
		})
	}
	hundred, thousand := allocations(100), allocations(1000)
	assert.Less(t, thousand/hundred, 15.0, "allocations: %v for 100 nodes, %v for 1,000", hundred, thousand)
	require.NoError(t, c.Stop(t.Context()))
}

// If the code no longer fits the log, steno panics.
func TestDefectIncompatibleCodePanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		incompatible := plant(t, st, chain(), saga.StateUnwinding, []engine.Event{
			{Node: 1, Kind: engine.EventStarted},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`{"not":"a string"}`)},
			{Seq: 2, Node: 2, Kind: engine.EventStarted},
			{
				Seq: 3, Node: 2, Kind: engine.EventFailed,
				Payload: json.RawMessage(`{"message":"no","reason":"error","attempts":1}`),
			},
		})
		broken := plant(t, st, chain(), saga.StateRunning, []engine.Event{{Node: 77, Kind: engine.EventStarted}})
		c := newWorld().open(t, st)
		_, err := c.Wait(t.Context(), incompatible)
		assert.Equal(t, saga.StateStuck, failedError(t, err).State)
		assert.ErrorContains(t, err, "decode the output to undo")
		_, err = c.Wait(t.Context(), broken)
		assert.ErrorIs(t, err, saga.ErrParked)
		_, _, err = run(t, c, chain())
		assert.NoError(t, err, "the coordinator still works")
	})
}

// Two coordinators may run the same saga.
func TestDefectNoFencing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		first, second := newWorld(), newWorld()
		proceed := make(chan struct{})
		first.on("do a", func(saga.ActionContext) error { <-proceed; return nil })
		c1 := first.open(t, st)
		id := saga.NewID()
		require.NoError(t, c1.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		c2 := second.open(t, st)
		_, err := c2.Wait(t.Context(), id)
		require.NoError(t, err)
		log := kinds(t, c2, id)
		close(proceed)
		_, err = c1.Wait(t.Context(), id)
		require.NoError(t, err, "the first coordinator reads the result of the second from the store")
		assert.Equal(t, []string{"do a"}, first.calls(), "the first coordinator calls no further action")
		assert.Equal(t, log, kinds(t, c1, id), "and appends nothing")
	})
}
