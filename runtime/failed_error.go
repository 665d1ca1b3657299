package saga

import (
	"fmt"
	"strings"
)

// FailedError is returned by Wait when a saga has not succeeded. errors.As and errors.Is look into
// all failures, in the order of the log: so the first error found is that which made the saga unwind.
type FailedError struct {
	ID   ID
	Name Name
	// State is StateFailed, which means that all that had run is undone, StateStuck, or StateAbandoned.
	State State
	// Failures are the failures that stand, in the order of the log. It is empty for a saga that was canceled
	// while nothing had failed.
	Failures []Failure
	// Canceled and Abandoned are the orders by which an operator canceled or abandoned the saga; nil if none did.
	Canceled, Abandoned *Audit
}

// Failure is one node's failure.
type Failure struct {
	Node NodeID
	Path NodePath
	// Kind is EventFailed, EventIndeterminate or EventUndoFailed.
	Kind EventKind
	Err  *ActionError
}

// Error implements error. It tells all failures in one line.
func (e *FailedError) Error() string {
	parts := []string{fmt.Sprintf("saga %q %s %s", e.Name, e.ID, map[State]string{
		StateFailed: "was undone", StateStuck: "is stuck", StateAbandoned: "was abandoned",
	}[e.State])}
	if e.Canceled != nil {
		parts = append(parts, fmt.Sprintf("canceled by %s: %s", e.Canceled.By, e.Canceled.Reason))
	}
	if e.Abandoned != nil {
		parts = append(parts, fmt.Sprintf("abandoned by %s: %s", e.Abandoned.By, e.Abandoned.Reason))
	}
	for _, f := range e.Failures {
		parts = append(parts, f.String())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return parts[0] + ": " + strings.Join(parts[1:], "; ")
}

// Unwrap returns the failures' errors, each an *ActionError.
func (e *FailedError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// String returns the failure as in `node "hotel" failed: no room`.
func (f Failure) String() string {
	switch f.Kind {
	case EventUndoFailed:
		return fmt.Sprintf("undo of node %q failed: %v", f.Path, f.Err)
	case EventIndeterminate:
		return fmt.Sprintf("node %q has an unknown outcome: %v", f.Path, f.Err)
	}
	return fmt.Sprintf("node %q failed: %v", f.Path, f.Err)
}
