package fold

import (
	"encoding/json"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// Status sets the fields of a status that follow from its DAG and events: Nodes
// and Paused. If the events can't be replayed, Status sets Parked, unless it is
// set already, and shows the nodes as if there were no events. Status returns
// the machine after the events.
func Status(status *saga.Status) *executor.Machine {
	machine, err := executor.Replay(status.DAG.DAG, status.Events)
	events := status.Events
	if err != nil {
		machine, events = executor.New(status.DAG.DAG), nil
		if status.Parked == nil {
			status.Parked = fmt.Errorf("%w: %w", saga.ErrParked, err)
		}
	}
	status.Paused = machine.Paused()
	status.Nodes = make([]saga.NodeStatus, status.DAG.Len())
	for i := range status.Nodes {
		id, outputs := engine.NodeID(i), machine.Outputs()
		status.Nodes[i] = saga.NodeStatus{
			Path: status.DAG.Path(id), Kind: status.DAG.Kind(id),
			State: machine.Node(id), Breakpoint: machine.Breakpoint(id), Output: outputs[id],
		}
	}
	for i := range events {
		if e := &events[i]; status.DAG.Kind(e.Node) == engine.KindAction {
			recordTime(&status.Nodes[e.Node], e)
		}
	}
	for _, failure := range (&saga.Log{ID: status.ID, DAG: status.DAG, Events: events}).Failures() {
		if id, err := status.DAG.Find(failure.Path); err == nil {
			recordFailure(&status.Nodes[id], failure)
		}
	}
	return machine
}

func recordTime(n *saga.NodeStatus, e *engine.Event) {
	switch e.Kind {
	case engine.EventStarted:
		n.Started = e.At
	case engine.EventUndoStarted, engine.EventUndoRetried:
		n.Ended = time.Time{}
	case engine.EventSucceeded, engine.EventFailed, engine.EventIndeterminate, engine.EventUndoFinished,
		engine.EventUndoFailed, engine.EventMarkedUndone, engine.EventOutputSupplied:
		n.Ended = e.At
	}
}

func recordFailure(n *saga.NodeStatus, failure saga.Failure) {
	n.Err, n.Attempts = failure.Err, failure.Err.Attempts
	if n.State == engine.NodeUndoStarted || n.State == engine.NodeUndone {
		n.Attempts = 0 // these were attempts of the do
	}
}

// Result returns what a wait for a settled saga returns, given the outputs of
// its nodes: its outputs if it has succeeded, and otherwise a
// *saga.FailedError.
func Result(log *saga.Log, state saga.State, outputs []json.RawMessage) (saga.Outputs, error) {
	if state == saga.StateSucceeded {
		return log.DAG.DAG.Outputs(outputs), nil
	}
	return saga.Outputs{}, &saga.FailedError{
		ID: log.ID, Name: log.DAG.Name(), State: state,
		Failures: log.Failures(), Canceled: log.Canceled(), Abandoned: log.Abandoned(),
	}
}
