package saga

import (
	"slices"
	"time"
)

// Status is what is known of a saga at one moment. Its String is the status tree.
type Status struct {
	ID    ID
	Name  Name
	State State
	DAG   *SagaDAG
	// Nodes holds the state of each node, by its NodeID.
	Nodes []NodeState
	// Events is the saga's log.
	Events []Event
	// Active says that a coordinator in this process is working on the saga.
	Active bool
	// Paused says that nothing starts until an operator lets it; Breakpoints are the nodes of which that is true.
	Paused      bool
	Breakpoints []NodeID
	// Retrying are the nodes that wait for another attempt, by NodeID.
	Retrying []Retrying
	// Parked is why the saga can't be gone on with; nil if it can. It wraps ErrParked.
	Parked error
}

// Retrying says that attempts have failed, and that another one will be made.
type Retrying struct {
	Node      NodeID
	Direction Direction
	// Attempts is how many have failed, and Err why the last one did.
	Attempts int
	Err      *ActionError
	// Next is when the next one will be made.
	Next time.Time
}

// Log returns the saga's log.
func (s *Status) Log() *Log { return &Log{ID: s.ID, DAG: s.DAG, Events: s.Events} }

// Failures returns the failures so far, in the order of the log.
func (s *Status) Failures() []Failure { return s.Log().Failures() }

// Describe returns the word that the status tree has for a node:
//
//	blocked        it waits for others
//	queued-todo    it can start, or it had started and is not being worked on
//	working        its action runs
//	done           it succeeded
//	failed         it failed
//	indeterminate  nobody knows whether it changed anything
//	queued-undo    it can be undone, or its undo had started and is not being worked on
//	undo-working   its undo runs
//	undone         it is undone
//	undo-failed    its undo failed for good
//	abandoned      it never started, and never will
func (s *Status) Describe(id NodeID) string {
	if s.State == StateCreated && !slices.ContainsFunc(s.Events, func(e Event) bool { return !e.Kind.IsCommand() }) {
		if id == s.DAG.Start() {
			return "queued-todo"
		}
		return "blocked"
	}
	if begun := s.Nodes[id] == NodeStarted || s.Nodes[id] == NodeUndoStarted; begun && s.State == StateAbandoned {
		return "indeterminate" // and nobody is going to find out
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

// queuedUndo reports whether a node that succeeded is next to be undone.
func (s *Status) queuedUndo(id NodeID) bool {
	return s.unwinds() && s.all(s.DAG.Children(id), NodePending, NodeFailed, NodeUndone)
}

// unwinds reports whether the saga unwinds, or will when it is started.
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
