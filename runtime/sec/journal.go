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

// journal is the state of a saga: what is durable, and what has been added
// since. It has no lock. Its owner is the driver of an execution, or the
// goroutine that appends a command to a saga that another coordinator owns.
type journal struct {
	id         saga.ID
	dag        *saga.SagaDAG
	generation uint64

	machine     *executor.Machine
	started     bool                 // false for a saga that was created and waits for Start
	nodeStarted bool                 // a node has started, now or ever
	events      []saga.Event         // all durable events
	pending     []saga.Event         // applied to the machine and not durable yet
	pendingAt   time.Time            // the time of the pending events, read once for all that arrive together
	storedState saga.State           // the state in the store
	undoRetried map[saga.NodeID]bool // nodes whose undo is to be called again by command, and hasn't been yet
	notified    bool                 // others may have appended: an append is due, even without pending events
}

// load sets what the store has. It checks the events by replaying them.
func (j *journal) load(dag *saga.SagaDAG, events []saga.Event, generation uint64) error {
	machine, err := executor.Replay(dag.DAG, events)
	if err != nil {
		return fmt.Errorf("saga %s: %w", j.id, err)
	}
	// Most sagas have two events for each action at their end.
	j.events = append(make([]saga.Event, 0, max(len(events), 2*(dag.Len()-2))), events...)
	j.dag, j.machine, j.generation = dag, machine, generation
	j.nodeStarted = slices.ContainsFunc(events, isNodeEvent)
	return nil
}

// isNodeEvent reports whether an event is one of a node, and not a command.
func isNodeEvent(e saga.Event) bool { return !e.Kind.IsCommand() }

// tryApply adds an event, or returns the error of the machine.
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

// state returns the saga's state, pending events included.
func (j *journal) state() saga.State {
	state := j.machine.State()
	if !j.started && (!state.Settled() || state == saga.StateSucceeded && !j.nodeStarted) {
		return saga.StateCreated
	}
	return state
}

// pendingAppend returns the append that makes the pending events durable.
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
