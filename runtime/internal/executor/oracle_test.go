package executor_test

import (
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// oracle is a slow and obvious implementation of a Machine. It examines all
// nodes after each event.
type oracle struct {
	dag       *saga.DAG
	states    []engine.NodeState
	unwinding bool
	canceled  bool
	abandoned bool
	paused    bool
	stepping  bool
	breaks    map[engine.NodeID]bool
}

func newOracle(dag *saga.DAG) *oracle {
	o := &oracle{dag: dag, states: make([]engine.NodeState, dag.Len()), breaks: map[engine.NodeID]bool{}}
	o.propagate()
	return o
}

func (o *oracle) apply(e engine.Event) {
	switch e.Kind {
	case engine.EventStarted:
		o.states[e.Node] = engine.NodeStarted
		o.stepping = false
	case engine.EventSucceeded:
		o.states[e.Node] = engine.NodeSucceeded
	case engine.EventFailed:
		o.states[e.Node], o.unwinding = engine.NodeFailed, true
	case engine.EventIndeterminate:
		o.states[e.Node], o.unwinding = engine.NodeIndeterminate, true
	case engine.EventUndoStarted:
		o.states[e.Node] = engine.NodeUndoStarted
		o.stepping = false
	case engine.EventUndoFinished:
		o.states[e.Node] = engine.NodeUndone
	case engine.EventUndoFailed:
		o.states[e.Node] = engine.NodeUndoFailed
	case engine.EventCanceled:
		o.unwinding, o.canceled = true, true
	case engine.EventPaused:
		o.paused, o.stepping = true, false
	case engine.EventResumed:
		o.paused = false
	case engine.EventStepped:
		o.stepping = true
	case engine.EventBreakpointSet:
		o.breaks[e.Node] = true
	case engine.EventBreakpointCleared:
		o.breaks[e.Node] = false
	case engine.EventUndoRetried:
		o.states[e.Node] = engine.NodeUndoStarted
	case engine.EventMarkedUndone:
		o.states[e.Node] = engine.NodeUndone
	case engine.EventOutputSupplied:
		o.states[e.Node] = engine.NodeSucceeded
		o.turnForward()
	case engine.EventAbandoned:
		o.abandoned = true
	}
	o.propagate()
}

// turnForward lets the saga run as if nothing had failed, and then unwind again
// if something has.
func (o *oracle) turnForward() {
	mustUnwind := o.canceled
	for _, s := range o.states {
		mustUnwind = mustUnwind || s == engine.NodeFailed || s == engine.NodeIndeterminate || s == engine.NodeUndoFailed
	}
	o.unwinding = false
	defer func() { o.propagate(); o.unwinding = mustUnwind }()
	for id := range o.states {
		if o.dag.Kind(engine.NodeID(id)) != engine.KindAction {
			o.states[id] = engine.NodePending
		}
	}
}

// propagate updates structural nodes until nothing changes.
func (o *oracle) propagate() {
	for moved := true; moved; {
		moved = false
		for id := range engine.NodeID(o.dag.Len()) {
			if o.dag.Kind(id) == engine.KindAction {
				continue
			}
			switch {
			case o.canRun(id):
				o.states[id], moved = engine.NodeSucceeded, true
			case o.canBeUndone(id):
				o.states[id], moved = engine.NodeUndone, true
			}
		}
	}
}

func (o *oracle) canRun(id engine.NodeID) bool {
	return !o.unwinding && o.states[id] == engine.NodePending &&
		o.all(o.dag.Parents(id), engine.NodeSucceeded)
}

func (o *oracle) canBeUndone(id engine.NodeID) bool {
	hasEffect := o.states[id] == engine.NodeSucceeded || o.states[id] == engine.NodeIndeterminate
	return o.unwinding && hasEffect &&
		o.all(o.dag.Children(id), engine.NodePending, engine.NodeFailed, engine.NodeUndone)
}

func (o *oracle) all(ids []engine.NodeID, states ...engine.NodeState) bool {
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
	for id := range engine.NodeID(o.dag.Len()) {
		switch {
		case o.abandoned, o.dag.Kind(id) != engine.KindAction:
		case o.canRun(id) && !hold && (heldToo || !o.breaks[id]), o.states[id] == engine.NodeStarted:
			tasks = append(tasks, executor.Task{Node: id, Direction: saga.Do})
		case o.canBeUndone(id) && !hold, o.states[id] == engine.NodeUndoStarted:
			tasks = append(tasks, executor.Task{Node: id, Direction: saga.Undo})
		}
	}
	return tasks
}

func (o *oracle) state() saga.State {
	switch {
	case o.abandoned:
		return saga.StateAbandoned
	case o.states[o.dag.End()] == engine.NodeSucceeded:
		return saga.StateSucceeded
	case !o.unwinding:
		return saga.StateRunning
	case o.states[o.dag.Start()] == engine.NodeUndone:
		return saga.StateFailed
	case len(o.wanted(true)) == 0:
		return saga.StateStuck
	}
	return saga.StateUnwinding
}
