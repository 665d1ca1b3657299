package engine

import "fmt"

// NodeState is the state of a node according to the log of its saga.
type NodeState uint8

// The states of a node.
const (
	// NodePending: not started.
	NodePending NodeState = iota
	// NodeStarted: the do function was started, and its outcome is not recorded
	// yet.
	NodeStarted
	// NodeSucceeded: the output is recorded.
	NodeSucceeded
	// NodeFailed: the do function failed and changed nothing.
	NodeFailed
	// NodeIndeterminate: the outcome is unknown; the node has to be undone.
	NodeIndeterminate
	// NodeUndoStarted: the undo function was started, and its outcome is not
	// recorded yet.
	NodeUndoStarted
	// NodeUndone: undone.
	NodeUndone
	// NodeUndoFailed: all attempts of the undo function failed.
	NodeUndoFailed
)

var nodeStateNames = [...]string{
	NodePending:       "pending",
	NodeStarted:       "started",
	NodeSucceeded:     "succeeded",
	NodeFailed:        "failed",
	NodeIndeterminate: "indeterminate",
	NodeUndoStarted:   "undo_started",
	NodeUndone:        "undone",
	NodeUndoFailed:    "undo_failed",
}

// NodeStates returns all states of a node.
func NodeStates() []NodeState {
	states := make([]NodeState, len(nodeStateNames))
	for i := range states {
		states[i] = NodeState(i)
	}
	return states
}

// String returns the name of the state, as in "undo_started".
func (s NodeState) String() string {
	if int(s) < len(nodeStateNames) {
		return nodeStateNames[s]
	}
	return fmt.Sprintf("node state %d", uint8(s))
}

// MarshalText implements encoding.TextMarshaler. It returns the name of the
// state.
func (s NodeState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
