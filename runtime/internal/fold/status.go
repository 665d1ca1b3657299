package fold

import (
	"encoding/json"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// Status sets the fields of a status that follow from its DAG and events:
// Nodes, Paused and Breakpoints. If the events can't be replayed, the saga is
// shown as parked, and as if it had no events; a Parked that is set already
// remains. Status returns the machine after the events.
func Status(status *saga.Status) *executor.Machine {
	machine, err := executor.Replay(status.DAG.DAG, status.Events)
	if err != nil {
		machine = executor.New(status.DAG.DAG)
		if status.Parked == nil {
			status.Parked = fmt.Errorf("%w: %w", saga.ErrParked, err)
		}
	}
	status.Nodes, status.Paused = machine.States(), machine.Paused()
	for id := range saga.NodeID(len(status.Nodes)) {
		if machine.Breakpoint(id) {
			status.Breakpoints = append(status.Breakpoints, id)
		}
	}
	return machine
}

// Result returns what a wait for a settled saga returns, given the outputs of
// its nodes: its outputs if it has succeeded, and otherwise a
// *saga.FailedError.
func Result(log *saga.Log, state saga.State, outputs []json.RawMessage) (saga.Outputs, error) {
	if state == saga.StateSucceeded {
		return saga.NewOutputs(log.DAG.DAG, outputs), nil
	}
	return saga.Outputs{}, &saga.FailedError{
		ID: log.ID, Name: log.DAG.Name(), State: state,
		Failures: log.Failures(), Canceled: log.Canceled(), Abandoned: log.Abandoned(),
	}
}
