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
type journal struct {
	id         saga.ID
	dag        *saga.SagaDAG
	generation uint64

	machine     *executor.Machine
	started     bool                 // false for a saga that was created and waits for Start
	nodeStarted bool                 // a node has started, now or ever
	events      []saga.Event         // all that are durable
	pending     []saga.Event         // applied to the machine, and not durable yet
	pendingAt   time.Time            // when what is pending became known; read once for all that comes together
	storedState saga.State           // what the store has as the state
	undoRetried map[saga.NodeID]bool // whose undo was ordered to be called again, and hasn't been yet
	notified    bool                 // somebody else may have appended: the next append is due, even if nothing is pending
}

// load sets what the store has. The events are checked by replaying them.
func (j *journal) load(dag *saga.SagaDAG, events []saga.Event, generation uint64) error {
	machine, err := executor.Replay(dag.DAG, events)
	if err != nil {
		return fmt.Errorf("saga %s: %w", j.id, err)
	}
	// Most sagas have two events for each action in the end.
	j.events = append(make([]saga.Event, 0, max(len(events), 2*(dag.Len()-2))), events...)
	j.dag, j.machine, j.generation = dag, machine, generation
	j.nodeStarted = slices.ContainsFunc(events, isNodeEvent)
	return nil
}

// isNodes reports whether an event is a node's own, and not an operator's order.
func isNodeEvent(e saga.Event) bool { return !e.Kind.IsCommand() }

// tryApply adds an event unless the machine refuses it.
func (j *journal) tryApply(node saga.NodeID, kind saga.EventKind, payload json.RawMessage) error {
	e := saga.Event{
		Seq:     j.machine.NextSeq(),
		Node:    node,
		Kind:    kind,
		Payload: payload,
		At:      j.pendingAt,
	}
	if err := j.machine.Apply(e); err != nil {
		return err
	}
	j.pending = append(j.pending, e)
	j.nodeStarted = j.nodeStarted || isNodeEvent(e)
	j.started = j.started || kind == saga.EventCanceled
	if kind == saga.EventUndoRetried {
		if j.undoRetried == nil {
			j.undoRetried = map[saga.NodeID]bool{}
		}
		j.undoRetried[node] = true
	}
	return nil
}

// state returns the saga's state, with what is pending.
func (j *journal) state() saga.State {
	state := j.machine.State()
	if !j.started && (!state.Settled() || state == saga.StateSucceeded && !j.nodeStarted) {
		return saga.StateCreated
	}
	return state
}

// added returns the append that makes what is pending durable.
func (j *journal) pendingAppend() store.Append {
	return store.Append{
		ID:         j.id,
		Generation: j.generation,
		Seq:        j.machine.NextSeq() - uint64(len(j.pending)),
		Events:     j.pending,
		State:      j.state(),
	}
}

func now() time.Time { return time.UnixMilli(time.Now().UnixMilli()).UTC() }
