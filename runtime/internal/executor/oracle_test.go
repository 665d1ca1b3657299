package executor_test

import (
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// oracle is a slow and obvious implementation of a Machine. It examines all
// nodes after each event.
type oracle struct {
	dag       *saga.DAG
	states    []saga.NodeState
	unwinding bool
	canceled  bool
	abandoned bool
	paused    bool
	stepping  bool
	breaks    map[saga.NodeID]bool
}

func newOracle(dag *saga.DAG) *oracle {
	o := &oracle{dag: dag, states: make([]saga.NodeState, dag.Len()), breaks: map[saga.NodeID]bool{}}
	o.propagate()
	return o
}

func (o *oracle) apply(e saga.Event) {
	switch e.Kind {
	case saga.EventStarted:
		o.states[e.Node] = saga.NodeStarted
		o.stepping = false
	case saga.EventSucceeded:
		o.states[e.Node] = saga.NodeSucceeded
	case saga.EventFailed:
		o.states[e.Node], o.unwinding = saga.NodeFailed, true
	case saga.EventIndeterminate:
		o.states[e.Node], o.unwinding = saga.NodeIndeterminate, true
	case saga.EventUndoStarted:
		o.states[e.Node] = saga.NodeUndoStarted
		o.stepping = false
	case saga.EventUndoFinished:
		o.states[e.Node] = saga.NodeUndone
	case saga.EventUndoFailed:
		o.states[e.Node] = saga.NodeUndoFailed
	case saga.EventCanceled:
		o.unwinding, o.canceled = true, true
	case saga.EventPaused:
		o.paused, o.stepping = true, false
	case saga.EventResumed:
		o.paused = false
	case saga.EventStepped:
		o.stepping = true
	case saga.EventBreakpointSet:
		o.breaks[e.Node] = true
	case saga.EventBreakpointCleared:
		o.breaks[e.Node] = false
	case saga.EventUndoRetried:
		o.states[e.Node] = saga.NodeUndoStarted
	case saga.EventMarkedUndone:
		o.states[e.Node] = saga.NodeUndone
	case saga.EventOutputSupplied:
		o.states[e.Node] = saga.NodeSucceeded
		o.turnForward()
	case saga.EventAbandoned:
		o.abandoned = true
	}
	o.propagate()
}

// turnForward lets the saga run as if nothing had failed, and then unwind again
// if something has.
func (o *oracle) turnForward() {
	mustUnwind := o.canceled
	for _, s := range o.states {
		mustUnwind = mustUnwind || s == saga.NodeFailed || s == saga.NodeIndeterminate || s == saga.NodeUndoFailed
	}
	o.unwinding = false
	defer func() { o.propagate(); o.unwinding = mustUnwind }()
	for id := range o.states {
		if o.dag.Kind(saga.NodeID(id)) != saga.KindAction {
			o.states[id] = saga.NodePending
		}
	}
}

// propagate updates structural nodes until nothing changes.
func (o *oracle) propagate() {
	for moved := true; moved; {
		moved = false
		for id := range saga.NodeID(o.dag.Len()) {
			if o.dag.Kind(id) == saga.KindAction {
				continue
			}
			switch {
			case o.canRun(id):
				o.states[id], moved = saga.NodeSucceeded, true
			case o.canBeUndone(id):
				o.states[id], moved = saga.NodeUndone, true
			}
		}
	}
}

func (o *oracle) canRun(id saga.NodeID) bool {
	return !o.unwinding && o.states[id] == saga.NodePending &&
		o.all(o.dag.Parents(id), saga.NodeSucceeded)
}

func (o *oracle) canBeUndone(id saga.NodeID) bool {
	hasEffect := o.states[id] == saga.NodeSucceeded || o.states[id] == saga.NodeIndeterminate
	return o.unwinding && hasEffect &&
		o.all(o.dag.Children(id), saga.NodePending, saga.NodeFailed, saga.NodeUndone)
}

func (o *oracle) all(ids []saga.NodeID, states ...saga.NodeState) bool {
	for _, id := range ids {
		if !slices.Contains(states, o.states[id]) {
			return false
		}
	}
	return true
}

// wanted returns the wanted tasks; with heldToo also those that a pause or a
// breakpoint holds.
func (o *oracle) wanted(heldToo bool) []executor.Task {
	var tasks []executor.Task
	hold := o.paused && !o.stepping && !heldToo
	for id := range saga.NodeID(o.dag.Len()) {
		switch {
		case o.abandoned, o.dag.Kind(id) != saga.KindAction:
		case o.canRun(id) && !hold && (heldToo || !o.breaks[id]), o.states[id] == saga.NodeStarted:
			tasks = append(tasks, executor.Task{Node: id, Direction: saga.Do})
		case o.canBeUndone(id) && !hold, o.states[id] == saga.NodeUndoStarted:
			tasks = append(tasks, executor.Task{Node: id, Direction: saga.Undo})
		}
	}
	return tasks
}

func (o *oracle) state() saga.State {
	switch {
	case o.abandoned:
		return saga.StateAbandoned
	case o.states[o.dag.End()] == saga.NodeSucceeded:
		return saga.StateSucceeded
	case !o.unwinding:
		return saga.StateRunning
	case o.states[o.dag.Start()] == saga.NodeUndone:
		return saga.StateFailed
	case len(o.wanted(true)) == 0:
		return saga.StateStuck
	}
	return saga.StateUnwinding
}
