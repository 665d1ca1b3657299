package sec_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// plant creates a saga in the store as a crashed coordinator without leases
// leaves it.
func plant(t *testing.T, st store.Store, dag *saga.SagaDAG, state saga.State, events []engine.Event) saga.ID {
	t.Helper()
	encoded, params, err := dag.Parts()
	require.NoError(t, err)
	id := saga.NewID()
	require.NoError(t, st.Create(context.Background(), store.NewSaga{
		ID: id, Name: dag.Name(), DAG: encoded, Params: params, State: state, Events: events, Owner: "crashed",
	}))
	return id
}

// plantLeased creates a saga whose coordinator has crashed right after it
// renewed its lease.
func plantLeased(t *testing.T, st store.Store, lease time.Duration) saga.ID {
	t.Helper()
	encoded, params, err := chain().Parts()
	require.NoError(t, err)
	id := saga.NewID()
	require.NoError(t, st.Create(context.Background(), store.NewSaga{
		ID: id, Name: "chain", DAG: encoded, Params: params, State: saga.StateRunning, Owner: "crashed", Lease: lease,
	}))
	return id
}

// From every prefix of the log of a saga, whichever nodes fail in it, a new
// coordinator gets the same result.
func TestEveryPrefixOfALogLeadsToTheSameResult(t *testing.T) {
	nodes := []string{"a", "b", "sub/x", "c"}
	outer := func() *saga.SagaDAG {
		inner := saga.NewDAGBuilder("inner").Append(act("x")).MustBuild()
		return withParams(saga.NewDAGBuilder("outer").Append(act("a")).Append(act("b")).
			Append(saga.SubsagaNode("sub", inner, "a")).Append(saga.ConstantNode("one", 1)).Append(act("c")))
	}
	for _, failing := range append([]string{""}, nodes...) {
		for _, stuck := range append([]string{""}, nodes...) {
			t.Run(failing+"+"+stuck, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					newFailingWorld := func() *world {
						w := newWorld()
						w.fail("do " + failing)
						w.fail("undo " + stuck)
						return w
					}
					c := newFailingWorld().open(t, store.NewMemory())
					id, _, liveErr := run(t, c, outer())
					live, err := c.Status(t.Context(), id)
					require.NoError(t, err)
					for i := range len(live.Events) + 1 {
						st := store.NewMemory()
						planted := plant(t, st, live.DAG, saga.StateRunning, live.Events[:i])
						recovered := newFailingWorld().open(t, st)
						_, err := recovered.Wait(t.Context(), planted)
						require.Equal(t, liveErr == nil, err == nil, "prefix %d", i)
						status, err := recovered.Status(t.Context(), planted)
						require.NoError(t, err)
						assert.Equal(t, live.State, status.State, "prefix %d", i)
						assert.Equal(t, withoutTimes(live), withoutTimes(status), "prefix %d", i)
						assert.Equal(t, kinds(t, c, id), kinds(t, recovered, planted), "prefix %d", i)
					}
				})
			})
		}
	}
}

func TestRecoveredNodeIsCalledAgainWithTheSameIdempotencyKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := store.NewMemory()
		dag := chain()
		recovered := map[string]bool{}
		for _, call := range []string{"do a", "do b", "do c"} {
			w.on(call, func(ctx saga.ActionContext) error { recovered[call] = ctx.Recovered(); return nil })
		}
		id := plant(t, st, dag, saga.StateRunning, []engine.Event{
			{Seq: 0, Node: 1, Kind: engine.EventStarted},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`"a"`)},
			{Seq: 2, Node: 2, Kind: engine.EventStarted},
		})
		c := w.open(t, st)
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do b", "do c"}, w.calls(), "a node with a recorded result is not called again")
		assert.Equal(t, map[string]bool{"do b": true, "do c": false}, recovered)
		assert.Equal(t, id.String()+"/b/do", w.keys[0])
	})
}

func TestCreatedSagaWaitsForItsStartAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		first := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, first.Create(t.Context(), id, chain()))
		require.NoError(t, first.Stop(t.Context()))

		second := w.open(t, st)
		synctest.Wait()
		status, err := second.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, saga.StateCreated, status.State)
		assert.Empty(t, w.calls())
		require.NoError(t, second.StartCreated(t.Context(), id))
		_, err = second.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

func TestInvalidSagaIsParkedAndDoesNotBlockOthers(t *testing.T) {
	unknown := withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "gone")))
	broken := []engine.Event{{Seq: 0, Node: 2, Kind: engine.EventSucceeded}}
	for name, c := range map[string]struct {
		plant  func(*testing.T, store.Store) saga.ID
		reason string
	}{
		"unregistered action": {
			func(t *testing.T, st store.Store) saga.ID { return plant(t, st, unknown, saga.StateRunning, nil) },
			`node "a": unknown action: "gone"`,
		},
		"invalid log": {
			func(t *testing.T, st store.Store) saga.ID { return plant(t, st, chain(), saga.StateRunning, broken) },
			`illegal event: succeeded for node "b", which is pending`,
		},
		"invalid DAG": {
			func(t *testing.T, st store.Store) saga.ID {
				id := saga.NewID()
				require.NoError(t, st.Create(t.Context(), store.NewSaga{
					ID: id, Name: "s", DAG: []byte(`{"version":9}`), State: saga.StateRunning, Owner: "crashed",
				}))
				return id
			},
			"version 9 is unknown",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory()
				parked := c.plant(t, st)
				good := plant(t, st, chain(), saga.StateRunning, nil)
				coordinator := newWorld().open(t, st)
				_, err := coordinator.Wait(t.Context(), good)
				require.NoError(t, err)
				_, err = coordinator.Wait(t.Context(), parked)
				require.ErrorIs(t, err, saga.ErrParked)
				assert.ErrorContains(t, err, c.reason)
				assert.ErrorIs(t, coordinator.StartCreated(t.Context(), parked), saga.ErrParked)
				records, err := coordinator.List(t.Context(), saga.Query{})
				require.NoError(t, err)
				assert.Len(t, records, 2, "the parked saga is still in the store")
			})
		})
	}
}

// withoutTimes returns the nodes of a status without the times of events, which
// differ between two runs.
func withoutTimes(status *saga.Status) []saga.NodeStatus {
	nodes := slices.Clone(status.Nodes)
	for i := range nodes {
		nodes[i].Started, nodes[i].Ended = time.Time{}, time.Time{}
	}
	return nodes
}
