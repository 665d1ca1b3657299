package saga

import (
	"fmt"
	"strings"

	"github.com/sagagen/sagagen/runtime/engine"
)

// FailedError is the error of Wait for a saga that did not succeed. errors.Is
// and errors.As examine all failures in the order of the log, so they find
// first the error that made the saga unwind.
type FailedError struct {
	ID   ID
	Name Name
	// State is StateFailed (all nodes that ran are undone), StateStuck or
	// StateAbandoned.
	State State
	// Failures are the unresolved failures in the order of the log; see
	// Log.Failures. It is empty for a saga that was canceled before any
	// failure.
	Failures []Failure
	// Canceled and Abandoned say who canceled or abandoned the saga and why;
	// nil if no operator did.
	Canceled, Abandoned *Audit
}

// Failure is the failure of one node.
type Failure struct {
	Path NodePath
	// Kind is EventFailed, EventIndeterminate or EventUndoFailed.
	Kind engine.EventKind
	Err  *ActionError
}

// Error implements error. It returns all failures in one line.
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

// Unwrap returns the errors of the failures, each an *ActionError.
func (e *FailedError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// String describes the failure, as in `node "hotel" failed: no room`.
func (f Failure) String() string {
	switch f.Kind {
	case engine.EventUndoFailed:
		return fmt.Sprintf("undo of node %q failed: %v", f.Path, f.Err)
	case engine.EventIndeterminate:
		return fmt.Sprintf("node %q has an unknown outcome: %v", f.Path, f.Err)
	}
	return fmt.Sprintf("node %q failed: %v", f.Path, f.Err)
}
