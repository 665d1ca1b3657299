package executor_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// Another process appends a command between the durable events of the owner and
// the tasks that the owner is about to start. The owner replaces its machine by
// one with the command. The new machine dispatches all wanted tasks except
// those that are already in flight; none is lost or dispatched twice.
func TestCopyInFlightDispatchesEachTaskOnce(t *testing.T) {
	base := rand.Uint64()
	commands, abandoned := 0, 0
	for s := base; s < base+100; s++ {
		rng := rand.New(rand.NewPCG(s, 2))
		dag := randomDAG(rng, 1)
		p := newPlayer(executor.New(dag), dag, randomFate(rng, dag))
		p.operator = s%2 == 0
		var events []engine.Event
		for range 30 {
			more := p.step(rng)
			if len(more) == 0 || p.machine.State() == saga.StateAbandoned { // tasks in flight are no longer wanted
				break
			}
			events = append(events, more...)
			old, rebased := replay(t, dag, events), replay(t, dag, events)
			// After a restart, some tasks that are logged as started are not in
			// flight yet.
			inFlight := slices.DeleteFunc(slices.Clone(p.inFlight), func(executor.Task) bool {
				return rng.IntN(4) == 0
			})
			for task, ok := old.Next(); ok; task, ok = old.Next() {
				if slices.Contains(inFlight, task) {
					continue
				}
				if !old.Logged(task) {
					start := engine.Event{Seq: old.NextSeq(), Node: task.Node, Kind: startOf[task.Direction]}
					require.NoError(t, old.Apply(start))
				}
				old.Requeue(task)
			}
			if own := randomCommand(rng, dag, old); rng.IntN(2) == 0 { // a command of the owner that is not appended
				_ = old.Apply(own)
			} else if rng.IntN(2) == 0 {
				_ = old.Apply(engine.Event{Seq: old.NextSeq(), Kind: engine.EventPaused})
				if old.Apply(engine.Event{Seq: old.NextSeq(), Kind: engine.EventAbandoned}) == nil {
					abandoned++
				}
			}
			command := randomCommand(rng, dag, rebased)
			if command.Kind != engine.EventAbandoned && rebased.Apply(command) == nil { // an abandoned saga wants nothing
				commands++
			}
			rebased.CopyInFlight(old)
			want, got := slices.Collect(rebased.Wanted()), inFlight
			for task, ok := rebased.Next(); ok; task, ok = rebased.Next() {
				require.NotContains(t, got, task, "seed %d: %s of node %d", s, command.Kind, command.Node)
				got = append(got, task)
			}
			require.ElementsMatch(t, want, got, "seed %d: %s of node %d", s, command.Kind, command.Node)
		}
	}
	require.Greater(t, commands, 50)
	require.Greater(t, abandoned, 5)
}

func randomCommand(rng *rand.Rand, dag *saga.DAG, m *executor.Machine) engine.Event {
	return engine.Event{
		Seq: m.NextSeq(), Node: engine.NodeID(rng.IntN(dag.Len())), Payload: json.RawMessage(`{"output":"supplied"}`),
		Kind: engine.EventCanceled + engine.EventKind(rng.IntN(int(engine.EventAbandoned-engine.EventCanceled)+1)),
	}
}

func replay(t *testing.T, dag *saga.DAG, events []engine.Event) *executor.Machine {
	t.Helper()
	m, err := executor.Replay(dag, events)
	require.NoError(t, err)
	return m
}
