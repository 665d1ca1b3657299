package saga

import "fmt"

// State is the state of a saga.
type State uint8

// The states of a saga. Stores record their numbers, which never change.
const (
	// StateCreated: recorded and not started.
	StateCreated State = 1
	// StateRunning: nodes run forward.
	StateRunning State = 2
	// StateUnwinding: a node failed or the saga was canceled; nodes are being
	// undone.
	StateUnwinding State = 3
	// StateStuck: an undo failed, and nothing else can be undone. An operator
	// has to resolve it.
	StateStuck State = 4
	// StateSucceeded: all nodes succeeded. Final.
	StateSucceeded State = 5
	// StateFailed: a node failed or the saga was canceled, and all nodes that
	// ran are undone. Final.
	StateFailed State = 6
	// StateAbandoned: an operator abandoned the saga without undoing its
	// effects. Final.
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

// String returns the name of the state, as in "unwinding".
func (s State) String() string {
	if name, ok := stateNames[s]; ok {
		return name
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// MarshalText implements encoding.TextMarshaler. It returns the name of the
// state.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Final reports whether the state can never change again.
func (s State) Final() bool { return s >= StateSucceeded }

// Settled reports whether the saga is final or stuck. Wait waits for that.
func (s State) Settled() bool { return s.Final() || s == StateStuck }
