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
	// State is StateFailed, which means that all that had run is undone, or StateStuck.
	State State
	// Failures has at least one element.
	Failures []Failure
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
	var b strings.Builder
	fmt.Fprintf(&b, "saga %q %s", e.Name, e.ID)
	if e.State == StateStuck {
		b.WriteString(" is stuck")
	} else {
		b.WriteString(" was undone")
	}
	separator := ": "
	for _, f := range e.Failures {
		b.WriteString(separator + f.String())
		separator = "; "
	}
	return b.String()
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
