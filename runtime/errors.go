package saga

import (
	"errors"
	"fmt"
)

// Errors that are about a saga as a whole.
var (
	// ErrNotFound is returned when no saga has that ID, or the one that has it is of another name.
	ErrNotFound = errors.New("no such saga")
	// ErrSagaExists is returned when a saga of that ID exists with another DAG or other parameters.
	ErrSagaExists = errors.New("another saga has that id")
	// ErrUnknownAction is returned when a DAG names an action that the registry doesn't have.
	ErrUnknownAction = errors.New("unknown action")
	// ErrIncompatible is returned when the data of a saga doesn't fit the actions that are registered
	// now. The error is an *IncompatibleError.
	ErrIncompatible = errors.New("saga is incompatible with the registered actions")
	// ErrWrongState is returned when what was asked for can't be done in the state that the saga, or the node, is in.
	ErrWrongState = errors.New("not possible in this state")
	// ErrShutdown is returned by a coordinator that is shutting down.
	ErrShutdown = errors.New("coordinator is shut down")
	// ErrPartial is returned with what a coordinator has in memory, when the store that has the rest doesn't answer.
	ErrPartial = errors.New("the store does not answer; this is only what is in memory")
	// ErrParked is returned when a saga can't be gone on with, because its record doesn't
	// make sense to this program. The reason is told with it.
	ErrParked = errors.New("saga is parked")
)

// Permanent marks an error so that no further attempt is made. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// Indeterminate marks an error with which a do function says that it can't tell whether it
// changed anything: a request was sent, and no answer came. If no further attempt succeeds, the node
// is undone with an unknown output. It returns nil for nil.
//
// An error that isn't marked so means that nothing was changed, and that nothing is to be undone.
func Indeterminate(err error) error {
	if err == nil {
		return nil
	}
	return &indeterminateError{err}
}

// IsPermanent reports whether an error in err's tree was marked by Permanent.
func IsPermanent(err error) bool {
	left := maxErrors
	return treeHas[*permanentError](err, &left)
}

// IsIndeterminate reports whether an error in err's tree was marked by Indeterminate.
func IsIndeterminate(err error) bool {
	left := maxErrors
	return treeHas[*indeterminateError](err, &left)
}

// treeHas does what errors.As does, without being held up by a tree that has no end, or by methods that panic.
func treeHas[E error](err error, left *int) bool {
	if err == nil || *left == 0 {
		return false
	}
	*left--
	if _, ok := err.(E); ok { //nolint:errorlint // the tree is walked by hand
		return true
	}
	for _, inner := range unwrap(err) {
		if treeHas[E](inner, left) {
			return true
		}
	}
	return false
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

type indeterminateError struct{ err error }

func (e *indeterminateError) Error() string { return e.err.Error() }
func (e *indeterminateError) Unwrap() error { return e.err }

// PanicError is the error of an action that panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // as debug.Stack returns it
}

// Error implements error.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }
