package executor_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// randomDAG returns a DAG of stages, nodes with explicit edges, constants and
// subsagas. Subsagas are nested at most depth deep.
func randomDAG(rng *rand.Rand, depth int) *saga.DAG {
	b := saga.NewDAGBuilder("random")
	var names []saga.NodeName
	count := 0
	node := func() saga.Node {
		name := saga.NodeName(fmt.Sprintf("n%d", count))
		count++
		switch kind := rng.IntN(10); {
		case kind == 0:
			return saga.ConstantNode(name, count)
		case kind == 1 && depth > 0:
			return saga.SubsagaNode(name, randomDAG(rng, depth-1), saga.FromParams)
		}
		return saga.ActionNode(name, "label", "action")
	}
	for range 1 + rng.IntN(5) {
		switch rng.IntN(3) {
		case 0:
			b.Append(node())
		case 1:
			var stage []saga.Node
			for range 1 + rng.IntN(4) {
				stage = append(stage, node())
			}
			b.AppendParallel(stage...)
		case 2:
			var after []saga.NodeName
			for _, name := range names {
				if rng.IntN(3) == 0 {
					after = append(after, name)
				}
			}
			b.Node(node(), after...)
		}
		for len(names) < count {
			names = append(names, saga.NodeName(fmt.Sprintf("n%d", len(names))))
		}
	}
	return b.Append(saga.ActionNode("last", "label", "action")).MustBuild()
}

// fate decides the outcome of each do and undo of a saga.
type fate struct {
	do, undo map[engine.NodeID]engine.EventKind
}

func randomFate(rng *rand.Rand, dag *saga.DAG) fate {
	f := fate{do: map[engine.NodeID]engine.EventKind{}, undo: map[engine.NodeID]engine.EventKind{}}
	failing, stuck := rng.IntN(3), rng.IntN(3)
	for id := range engine.NodeID(dag.Len()) {
		f.do[id], f.undo[id] = engine.EventSucceeded, engine.EventUndoFinished
		if failing > 0 && rng.IntN(2+dag.Len()/3) == 0 {
			f.do[id] = []engine.EventKind{engine.EventFailed, engine.EventIndeterminate}[rng.IntN(2)]
		}
		if stuck == 0 && rng.IntN(1+dag.Len()/2) == 0 {
			f.undo[id] = engine.EventUndoFailed
		}
	}
	return f
}

func (f fate) of(t executor.Task) engine.EventKind {
	if t.Direction == saga.Undo {
		return f.undo[t.Node]
	}
	return f.do[t.Node]
}

// player drives a machine like a coordinator: it starts the wanted tasks, and
// finishes the tasks in flight in any order.
type player struct {
	machine  *executor.Machine
	dag      *saga.DAG
	fate     fate
	inFlight []executor.Task
	// operator says that there is an operator, who issues random commands.
	operator bool
}

func newPlayer(m *executor.Machine, dag *saga.DAG, f fate) *player {
	return &player{machine: m, dag: dag, fate: f}
}

// startOf maps a direction to the event that starts a task.
var startOf = map[saga.Direction]engine.EventKind{saga.Do: engine.EventStarted, saga.Undo: engine.EventUndoStarted}

// step starts all wanted tasks and finishes one. It returns the events, which
// it has applied; none if the saga is settled and nothing more happens.
func (p *player) step(rng *rand.Rand) []engine.Event {
	var events []engine.Event
	apply := func(node engine.NodeID, kind engine.EventKind) bool {
		e := engine.Event{Seq: p.machine.NextSeq(), Node: node, Kind: kind}
		switch {
		case kind == engine.EventSucceeded:
			e.Payload = json.RawMessage(fmt.Sprintf(`"output of %d"`, node))
		case kind.IsCommand():
			e.Payload = json.RawMessage(`{"by":"me","reason":"why","output":"supplied"}`)
		}
		before := p.machine.States()
		if err := p.machine.Apply(e); err != nil {
			if !kind.IsCommand() || !slices.Equal(before, p.machine.States()) {
				panic(err)
			}
			return false
		}
		events = append(events, e)
		return true
	}
	if p.machine.State().Final() {
		return nil
	}
	if p.operator && rng.IntN(3) == 0 {
		kind := engine.EventCanceled + engine.EventKind(rng.IntN(int(engine.EventAbandoned-engine.EventCanceled)+1))
		if kind != engine.EventAbandoned || rng.IntN(10) == 0 {
			apply(engine.NodeID(rng.IntN(p.dag.Len())), kind)
		}
		if p.machine.State().Final() {
			return events // the outcomes of tasks in flight are not recorded
		}
	}
	for t, ok := p.machine.Next(); ok; t, ok = p.machine.Next() {
		if !p.machine.Logged(t) {
			apply(t.Node, startOf[t.Direction])
		}
		p.inFlight = append(p.inFlight, t)
	}
	if len(p.inFlight) > 0 {
		i := rng.IntN(len(p.inFlight))
		t := p.inFlight[i]
		p.inFlight = append(p.inFlight[:i], p.inFlight[i+1:]...)
		apply(t.Node, p.fate.of(t))
	}
	if len(events) == 0 && !p.machine.State().Settled() { // the operator must let it continue
		apply(p.dag.Start(), engine.EventResumed)
		for id := range engine.NodeID(p.dag.Len()) {
			apply(id, engine.EventBreakpointCleared)
		}
	}
	return events
}

// finish plays the saga to its end and returns all events.
func (p *player) finish(rng *rand.Rand) []engine.Event {
	var events []engine.Event
	for {
		more := p.step(rng)
		if len(more) == 0 {
			return events
		}
		events = append(events, more...)
		if len(events) > 50*p.dag.Len() { // stop an operator who retries forever
			p.operator = false
		}
	}
}
