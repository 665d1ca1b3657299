package saga

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sagagen/sagagen/runtime/engine"
)

// Status describes a saga at one moment. String returns it as a tree. The
// slices must not be changed.
type Status struct {
	ID    ID
	Name  Name
	State State
	DAG   *SagaDAG
	// Nodes holds all nodes in the order of the DAG, the structural ones
	// included. So the Node of an event is an index of Nodes. The method Node
	// finds a node by its path.
	Nodes []NodeStatus
	// Events is the log of the saga.
	Events []engine.Event
	// Active says that a coordinator in this process is working on the saga.
	Active bool
	// Paused says that an operator paused the saga: no do or undo starts.
	Paused bool
	// Parked is why this program can't run the saga; nil if it can. It wraps
	// ErrParked.
	Parked error
}

// NodeStatus describes a node of a saga at one moment.
type NodeStatus struct {
	// Path is empty for the start and the end of the saga, and for the start of
	// a subsaga.
	Path  NodePath
	Kind  engine.NodeKind
	State engine.NodeState
	// Breakpoint says that the node doesn't start because of a breakpoint.
	Breakpoint bool
	// Err is the error of the last attempt that failed, of the do or the undo.
	// It is nil if none failed, or if an operator has resolved the failure.
	Err *ActionError
	// Attempts is the number of attempts of the current do or undo that have
	// failed. Next is the time of the next attempt; zero if the node doesn't
	// wait for one. For a do or undo that may still succeed, only the
	// coordinator that runs the saga knows them.
	Attempts int
	Next     time.Time
	// Output is the output as JSON; nil if it isn't known. It may contain
	// secrets; see Redact.
	Output json.RawMessage
	// Started is when the node was started, and Ended when the do or undo that
	// ran last ended, or an operator resolved it. They are zero if that hasn't
	// happened, and for structural nodes.
	Started, Ended time.Time
}

// Node returns the status of a node. The path is resolved as by DAG.Find. The
// error wraps ErrNodeNotFound if there is no such node.
func (s *Status) Node(path NodePath) (NodeStatus, error) {
	id, err := s.DAG.Find(path)
	if err != nil {
		return NodeStatus{}, err
	}
	return s.Nodes[id], nil
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
//
// It is empty if there is no node with that path.
func (s *Status) Describe(path NodePath) string {
	id, err := s.DAG.Find(path)
	if err != nil {
		return ""
	}
	return s.describe(id)
}

func (s *Status) describe(id engine.NodeID) string {
	if s.State == StateCreated && !slices.ContainsFunc(s.Events, func(e engine.Event) bool { return !e.Kind.IsCommand() }) {
		if id == s.DAG.Start() {
			return "queued-todo"
		}
		return "blocked"
	}
	state := s.Nodes[id].State
	if begun := state == engine.NodeStarted || state == engine.NodeUndoStarted; begun && s.State == StateAbandoned {
		return "indeterminate" // its outcome is not going to be recorded
	}
	switch state {
	case engine.NodeStarted:
		if s.Active {
			return "working"
		}
		return "queued-todo"
	case engine.NodeSucceeded:
		if !s.Active && s.queuedUndo(id) {
			return "queued-undo"
		}
		return "done"
	case engine.NodeUndoStarted:
		if s.Active {
			return "undo-working"
		}
		return "queued-undo"
	case engine.NodeFailed, engine.NodeIndeterminate, engine.NodeUndone:
		return state.String()
	case engine.NodeUndoFailed:
		return "undo-failed"
	}
	switch {
	case s.unwinds(), s.State == StateStuck, s.State == StateFailed, s.State == StateAbandoned:
		return "abandoned"
	case s.State == StateRunning && s.all(s.DAG.Parents(id), engine.NodeSucceeded):
		return "queued-todo"
	}
	return "blocked"
}

// queuedUndo reports whether a succeeded node can be undone next.
func (s *Status) queuedUndo(id engine.NodeID) bool {
	return s.unwinds() && s.all(s.DAG.Children(id), engine.NodePending, engine.NodeFailed, engine.NodeUndone)
}

// unwinds reports whether the saga unwinds, or will unwind when it is started.
func (s *Status) unwinds() bool {
	return s.State == StateUnwinding || s.State == StateCreated && s.Log().Unwinding()
}

// all reports whether each of the nodes is in one of the states.
func (s *Status) all(ids []engine.NodeID, states ...engine.NodeState) bool {
	for _, id := range ids {
		if !slices.Contains(states, s.Nodes[id].State) {
			return false
		}
	}
	return true
}
