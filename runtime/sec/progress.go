package sec

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/store"
)

// progress is how far a saga has come: what the store has, and what has been added since and isn't durable yet. Only one
// goroutine at a time uses it: the one that owns the saga, or whoever amends the log of another's saga.
type progress struct {
	id         saga.ID
	dag        *saga.SagaDAG
	generation uint64

	machine *executor.Machine
	started bool                 // false for a saga that was created and waits for Start
	begun   bool                 // a node has started, now or ever
	events  []saga.Event         // all that are durable
	pending []saga.Event         // applied to the machine, and not durable yet
	clock   time.Time            // when what is pending became known; read once for all that comes together
	stored  saga.State           // what the store has as the state
	retried map[saga.NodeID]bool // whose undo was ordered to be called again, and hasn't been yet
	called  bool                 // somebody else may have appended: the next append is due, even if nothing is pending
}

// load sets what the store has. The events are checked by replaying them.
func (p *progress) load(dag *saga.SagaDAG, events []saga.Event, generation uint64) error {
	machine, err := executor.Replay(dag.DAG, events)
	if err != nil {
		return fmt.Errorf("saga %s: %w", p.id, err)
	}
	// Most sagas have two events for each action in the end.
	p.events = append(make([]saga.Event, 0, max(len(events), 2*(dag.Len()-2))), events...)
	p.dag, p.machine, p.generation = dag, machine, generation
	p.begun = slices.ContainsFunc(events, isNodes)
	return nil
}

// isNodes reports whether an event is a node's own, and not an operator's order.
func isNodes(e saga.Event) bool { return !e.Kind.IsCommand() }

// tryApply adds an event unless the machine refuses it.
func (p *progress) tryApply(node saga.NodeID, kind saga.EventKind, payload json.RawMessage) error {
	e := saga.Event{
		Seq:     p.machine.NextSeq(),
		Node:    node,
		Kind:    kind,
		Payload: payload,
		At:      p.clock,
	}
	if err := p.machine.Apply(e); err != nil {
		return err
	}
	p.pending = append(p.pending, e)
	p.begun = p.begun || isNodes(e)
	p.started = p.started || kind == saga.EventCanceled
	if kind == saga.EventUndoRetried {
		if p.retried == nil {
			p.retried = map[saga.NodeID]bool{}
		}
		p.retried[node] = true
	}
	return nil
}

// state returns the saga's state, with what is pending.
func (p *progress) state() saga.State {
	state := p.machine.State()
	if !p.started && (!state.Settled() || state == saga.StateSucceeded && !p.begun) {
		return saga.StateCreated
	}
	return state
}

// added returns the append that makes what is pending durable.
func (p *progress) added() store.Append {
	return store.Append{
		ID:         p.id,
		Generation: p.generation,
		Seq:        p.machine.NextSeq() - uint64(len(p.pending)),
		Events:     p.pending,
		State:      p.state(),
	}
}

func now() time.Time { return time.UnixMilli(time.Now().UnixMilli()).UTC() }
