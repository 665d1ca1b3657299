package saga

import "context"

// Operator shows sagas and changes their course. What runs sagas implements it,
// and so do the clients of such programs: sec.Coordinator and sec.Client. The
// tools for operators are built on it.
type Operator interface {
	// Status returns the status of a saga. The error wraps ErrNotFound if there
	// is no such saga.
	Status(ctx context.Context, id ID) (*Status, error)

	// List returns the records that match the query, ordered by ID.
	List(ctx context.Context, q Query) ([]Record, error)

	// Apply applies a command to a saga, in whatever process the saga runs. It
	// is recorded in the saga's log with its audit. When Apply returns nil, it
	// is durable. A command may be repeated: if the saga is already as the
	// command asks, Apply does nothing and returns nil.
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
