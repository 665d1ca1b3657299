package sec

import (
	"encoding/json"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/fold"
	"github.com/sagagen/sagagen/runtime/store"
)

// journal is the state of a saga: what is durable, and what has been added
// since. It has no lock. Its owner is the driver of an execution, or the
// goroutine that appends a command to a saga that another coordinator owns.
type journal struct {
	fold.Saga // pending events included
	id        saga.ID

	generation  uint64
	events      []engine.Event         // all durable events
	pending     []engine.Event         // applied to the machine and not durable yet
	pendingAt   time.Time              // the time of the pending events, read once for all that arrive together
	storedState saga.State             // the state in the store
	undoRetried map[engine.NodeID]bool // nodes whose undo is to be called again by command, and hasn't been yet
	notified    bool                   // others may have appended: an append is due, even without pending events
}

// load sets what the store has. It checks the events by replaying them.
func (j *journal) load(dag *saga.SagaDAG, events []engine.Event, generation uint64) error {
	j.DAG = dag
	if err := j.Replay(events); err != nil {
		return fmt.Errorf("saga %s: %w", j.id, err)
	}
	// Most sagas have two events for each action at their end.
	j.events = append(make([]engine.Event, 0, max(len(events), 2*(dag.Len()-2))), events...)
	j.generation = generation
	return nil
}

// apply adds an event. It panics if the machine refuses it: workers report only
// outcomes of tasks that the machine has asked for.
func (j *journal) apply(node engine.NodeID, kind engine.EventKind, payload json.RawMessage) {
	e := engine.Event{
		Seq:     j.Machine.NextSeq(),
		Node:    node,
		Kind:    kind,
		Payload: payload,
		At:      j.pendingAt,
	}
	if err := j.Saga.Apply(e); err != nil {
		panic(err)
	}
	j.pending = append(j.pending, e)
}

// applyCommand adds the event of a command, unless the saga is in the state for
// which the command asks.
func (j *journal) applyCommand(cmd *fold.Command) error {
	e, applied, err := cmd.Apply(&j.Saga, j.pendingAt)
	if !applied {
		return err
	}
	j.pending = append(j.pending, e)
	if e.Kind == engine.EventUndoRetried {
		if j.undoRetried == nil {
			j.undoRetried = map[engine.NodeID]bool{}
		}
		j.undoRetried[e.Node] = true
	}
	return nil
}

// pendingAppend returns the append that makes the pending events durable.
func (j *journal) pendingAppend() store.Append {
	return store.Append{
		ID:         j.id,
		Generation: j.generation,
		Seq:        j.Machine.NextSeq() - uint64(len(j.pending)),
		Events:     j.pending,
		State:      j.State(),
	}
}

func now() time.Time { return time.UnixMilli(time.Now().UnixMilli()).UTC() }
