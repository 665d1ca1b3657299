package executor_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// An order from elsewhere comes between what the owner has made durable and what it was about to start. The machine with the order hands
// out what it wants, but for what is in flight already, and that is neither forgotten nor handed out again.
func TestInheritedTasksAreInFlightOnce(t *testing.T) {
	base := rand.Uint64()
	orders, abandoned := 0, 0
	for s := base; s < base+100; s++ {
		rng := rand.New(rand.NewPCG(s, 2))
		dag := randomDAG(rng, 1)
		p := &player{machine: executor.New(dag), dag: dag, fate: randomFate(rng, dag), orders: s%2 == 0}
		var events []saga.Event
		for range 30 {
			more := p.step(rng)
			if len(more) == 0 || p.machine.State() == saga.StateAbandoned { // what was in flight then isn't wanted any more
				break
			}
			events = append(events, more...)
			old, heir := replay(t, dag, events), replay(t, dag, events)
			// After a restart, some that the log begins are not in flight yet.
			flying := slices.DeleteFunc(slices.Clone(p.flying), func(executor.Task) bool { return rng.IntN(4) == 0 })
			for task, ok := old.Next(); ok; task, ok = old.Next() {
				if slices.Contains(flying, task) {
					continue
				}
				if !old.Logged(task) {
					kind := map[saga.Direction]saga.EventKind{saga.Do: saga.EventStarted, saga.Undo: saga.EventUndoStarted}[task.Direction]
					require.NoError(t, old.Apply(saga.Event{Seq: old.NextSeq(), Node: task.Node, Kind: kind}))
				}
				old.Requeue(task)
			}
			if own := randomOrder(rng, dag, old); rng.IntN(2) == 0 { // the owner has an order itself, which comes to nothing
				_ = old.Apply(own)
			} else if rng.IntN(2) == 0 {
				_ = old.Apply(saga.Event{Seq: old.NextSeq(), Kind: saga.EventPaused})
				if old.Apply(saga.Event{Seq: old.NextSeq(), Kind: saga.EventAbandoned}) == nil {
					abandoned++
				}
			}
			order := randomOrder(rng, dag, heir)
			if order.Kind != saga.EventAbandoned && heir.Apply(order) == nil { // or else nothing is wanted any more
				orders++
			}
			heir.CopyInFlight(old)
			want, got := slices.Collect(heir.Wanted()), flying
			for task, ok := heir.Next(); ok; task, ok = heir.Next() {
				require.NotContains(t, got, task, "seed %d: %s of node %d", s, order.Kind, order.Node)
				got = append(got, task)
			}
			require.ElementsMatch(t, want, got, "seed %d: %s of node %d", s, order.Kind, order.Node)
		}
	}
	require.Greater(t, orders, 50)
	require.Greater(t, abandoned, 5)
}

func randomOrder(rng *rand.Rand, dag *saga.DAG, m *executor.Machine) saga.Event {
	return saga.Event{
		Seq: m.NextSeq(), Node: saga.NodeID(rng.IntN(dag.Len())), Payload: json.RawMessage(`{"output":"supplied"}`),
		Kind: saga.EventCanceled + saga.EventKind(rng.IntN(int(saga.EventAbandoned-saga.EventCanceled)+1)),
	}
}

func replay(t *testing.T, dag *saga.DAG, events []saga.Event) *executor.Machine {
	t.Helper()
	m, err := executor.Replay(dag, events)
	require.NoError(t, err)
	return m
}
