package saga

import (
	"errors"
)

// Errors that concern a saga as a whole.
var (
	// ErrNotFound is returned when no saga has that ID, or the saga with that
	// ID has another name.
	ErrNotFound = errors.New("no such saga")
	// ErrSagaExists is returned when the ID belongs to a saga with another DAG
	// or other parameters.
	ErrSagaExists = errors.New("another saga has that id")
	// ErrUnknownAction is returned when a DAG names an action that is not
	// registered.
	ErrUnknownAction = errors.New("unknown action")
	// ErrIncompatible is returned when the recorded data of a saga doesn't fit
	// the actions that are registered now. errors.As finds an
	// *IncompatibleError with the details.
	ErrIncompatible = errors.New("saga is incompatible with the registered actions")
	// ErrWrongState is returned when the saga or the node is in a state that
	// doesn't allow the request.
	ErrWrongState = errors.New("not possible in this state")
	// ErrStopped is returned by a coordinator that is stopping, or has stopped.
	ErrStopped = errors.New("coordinator is stopped")
	// ErrParked is returned when a saga is parked: this program can't run it,
	// because its record is invalid or doesn't fit the registered actions. The
	// error also wraps the reason.
	ErrParked = errors.New("saga is parked")
)

// Permanent marks an error after which no further attempt is made. It returns
// nil if err is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// Indeterminate marks an error of a do function that can't know whether it
// changed something: it sent a request and got no answer. If no later attempt
// succeeds, the node has an unknown outcome and is undone with an unknown
// output. Indeterminate returns nil if err is nil.
//
// An unmarked error means that the function changed nothing and nothing is to
// be undone.
func Indeterminate(err error) error {
	if err == nil {
		return nil
	}
	return &indeterminateError{err}
}

// IsPermanent reports whether an error in the tree of err was marked by
// Permanent.
func IsPermanent(err error) bool {
	left := maxErrors
	return treeHas[*permanentError](err, &left)
}

// IsIndeterminate reports whether an error in the tree of err was marked by
// Indeterminate.
func IsIndeterminate(err error) bool {
	left := maxErrors
	return treeHas[*indeterminateError](err, &left)
}

// treeHas is like errors.As, but terminates for an infinite tree and tolerates
// methods that panic.
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
