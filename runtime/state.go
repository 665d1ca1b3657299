package saga

import "fmt"

// State is the state of a whole saga.
type State uint8

// The states of a saga. Their numbers are stored: they never change.
const (
	// StateCreated: recorded, and not started yet.
	StateCreated State = 1
	// StateRunning: nodes run forward.
	StateRunning State = 2
	// StateUnwinding: a node has failed, and what has run is being undone.
	StateUnwinding State = 3
	// StateStuck: an undo failed for good, and nothing else is left to undo. Somebody has to look.
	StateStuck State = 4
	// StateSucceeded: every node succeeded. Final.
	StateSucceeded State = 5
	// StateFailed: a node failed, and all that had run is undone. Final.
	StateFailed State = 6
	// StateAbandoned: an operator gave it up, with whatever it had done. Final.
	StateAbandoned State = 7
)

var stateNames = map[State]string{
	StateCreated:   "created",
	StateRunning:   "running",
	StateUnwinding: "unwinding",
	StateStuck:     "stuck",
	StateSucceeded: "succeeded",
	StateFailed:    "failed",
	StateAbandoned: "abandoned",
}

// String returns the state's name, as in "unwinding".
func (s State) String() string {
	if name, ok := stateNames[s]; ok {
		return name
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// MarshalText implements encoding.TextMarshaler with the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Final reports whether nothing can happen to the saga any more.
func (s State) Final() bool { return s >= StateSucceeded }

// Settled reports whether the saga is at rest: final or stuck. That is what Wait waits for.
func (s State) Settled() bool { return s.Final() || s == StateStuck }

// NodeState is the state of one node of a saga, as its log tells it.
type NodeState uint8

// The states of a node.
const (
	// NodePending: not started.
	NodePending NodeState = iota
	// NodeStarted: started, and not known to have ended.
	NodeStarted
	// NodeSucceeded: its output is recorded.
	NodeSucceeded
	// NodeFailed: it failed and changed nothing.
	NodeFailed
	// NodeIndeterminate: it may have changed something, and is going to be undone.
	NodeIndeterminate
	// NodeUndoStarted: its undo has started, and is not known to have ended.
	NodeUndoStarted
	// NodeUndone: undone.
	NodeUndone
	// NodeUndoFailed: its undo failed for good.
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

// NodeStates lists all states of a node.
func NodeStates() []NodeState {
	states := make([]NodeState, len(nodeStateNames))
	for i := range states {
		states[i] = NodeState(i)
	}
	return states
}

// String returns the state's name, as in "undo_started".
func (s NodeState) String() string {
	if int(s) < len(nodeStateNames) {
		return nodeStateNames[s]
	}
	return fmt.Sprintf("node state %d", uint8(s))
}

// MarshalText implements encoding.TextMarshaler with the state's name.
func (s NodeState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
