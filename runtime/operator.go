package saga

import "context"

// Operator is the interface for tools of operators: it shows sagas and applies
// commands to them. sec.Coordinator and sec.Client implement it.
type Operator interface {
	// Status returns the status of a saga. The error wraps ErrNotFound if there
	// is no such saga.
	Status(ctx context.Context, id ID) (*Status, error)

	// List returns the records that match the query, ordered by ID, without
	// DAGs and parameters.
	List(ctx context.Context, q Query) ([]Record, error)

	// Apply applies a command to a saga, whichever process runs the saga. The
	// command is recorded in the saga's log with its audit. When Apply returns
	// nil, the command is durable. A command may be repeated: if the saga is
	// already in the state that the command asks for, Apply does nothing and
	// returns nil.
	//
	// The error wraps ErrInvalidCommand, ErrNotFound, ErrNodeNotFound,
	// ErrParked, ErrTooLarge if a supplied output exceeds the limit, or
	// ErrWrongState if the state of the saga or the node doesn't allow the
	// command.
	Apply(ctx context.Context, id ID, command Command) error

	// Delete removes a final saga and its log. The error wraps ErrNotFound, or
	// ErrWrongState if the saga is not final.
	Delete(ctx context.Context, id ID) error
}
