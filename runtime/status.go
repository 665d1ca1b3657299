package saga

import (
	"slices"
	"time"
)

// Status describes a saga at one moment. String returns it as a tree. The
// slices must not be changed.
type Status struct {
	ID    ID
	Name  Name
	State State
	DAG   *SagaDAG
	// Nodes holds the state of each node, indexed by NodeID.
	Nodes []NodeState
	// Events is the log of the saga.
	Events []Event
	// Active says that a coordinator in this process is working on the saga.
	Active bool
	// Paused says that an operator paused the saga: no do or undo starts.
	// Breakpoints are the nodes that don't start because of a breakpoint.
	Paused      bool
	Breakpoints []NodeID
	// Retrying lists the tasks that wait for another attempt, ordered by node.
	Retrying []Retrying
	// Parked is why this program can't run the saga; nil if it can. It wraps
	// ErrParked.
	Parked error
}

// Retrying describes a task whose attempts have failed so far and that waits
// for another attempt.
type Retrying struct {
	Node      NodeID
	Direction Direction
	// Attempts is the number of failed attempts. Err is the error of the last
	// one.
	Attempts int
	Err      *ActionError
	// Next is the time of the next attempt.
	Next time.Time
}

// Log returns the log of the saga.
func (s *Status) Log() *Log { return &Log{ID: s.ID, DAG: s.DAG, Events: s.Events} }

// Failures returns the unresolved failures; see Log.Failures.
func (s *Status) Failures() []Failure { return s.Log().Failures() }

// Describe returns the word for a node in the status tree:
//
//	blocked        waits for other nodes
//	queued-todo    can start, or was started and isn't active
//	working        its do function runs
//	done           succeeded
//	failed         failed without effect
//	indeterminate  has an unknown outcome
//	queued-undo    can be undone, or its undo was started and isn't active
//	undo-working   its undo function runs
//	undone         is undone
//	undo-failed    its undo failed
//	abandoned      never started and never will
func (s *Status) Describe(id NodeID) string {
	if s.State == StateCreated && !slices.ContainsFunc(s.Events, func(e Event) bool { return !e.Kind.IsCommand() }) {
		if id == s.DAG.Start() {
			return "queued-todo"
		}
		return "blocked"
	}
	if begun := s.Nodes[id] == NodeStarted || s.Nodes[id] == NodeUndoStarted; begun && s.State == StateAbandoned {
		return "indeterminate" // its outcome is not going to be recorded
	}
	switch s.Nodes[id] {
	case NodeStarted:
		if s.Active {
			return "working"
		}
		return "queued-todo"
	case NodeSucceeded:
		if !s.Active && s.queuedUndo(id) {
			return "queued-undo"
		}
		return "done"
	case NodeUndoStarted:
		if s.Active {
			return "undo-working"
		}
		return "queued-undo"
	case NodeFailed, NodeIndeterminate, NodeUndone:
		return s.Nodes[id].String()
	case NodeUndoFailed:
		return "undo-failed"
	}
	switch {
	case s.unwinds(), s.State == StateStuck, s.State == StateFailed, s.State == StateAbandoned:
		return "abandoned"
	case s.State == StateRunning && s.all(s.DAG.Parents(id), NodeSucceeded):
		return "queued-todo"
	}
	return "blocked"
}

// queuedUndo reports whether a succeeded node can be undone next.
func (s *Status) queuedUndo(id NodeID) bool {
	return s.unwinds() && s.all(s.DAG.Children(id), NodePending, NodeFailed, NodeUndone)
}

// unwinds reports whether the saga unwinds, or will unwind when it is started.
func (s *Status) unwinds() bool {
	return s.State == StateUnwinding || s.State == StateCreated && s.Log().Unwinding()
}

// all reports whether each of the nodes is in one of the states.
func (s *Status) all(ids []NodeID, states ...NodeState) bool {
	for _, id := range ids {
		ok := false
		for _, state := range states {
			ok = ok || s.Nodes[id] == state
		}
		if !ok {
			return false
		}
	}
	return true
}
