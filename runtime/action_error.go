package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
)

// ActionError is the failure of a do or an undo function, as it is in the log. The
// original error was maybe returned by another process; errors.As still finds an error of a type of yours in an
// ActionError if the original error's tree had one, with all that its JSON holds.
type ActionError struct {
	// Message is the original error's text.
	Message string `json:"message"`
	// Reason says what kind of failure it was.
	Reason Reason `json:"reason"`
	// Attempts counts the attempts that the process which recorded this made; 0 for ReasonNotCalled.
	Attempts int `json:"attempts"`
	// Causes are the errors in the original error's tree that can be had back, outermost first.
	Causes []Cause `json:"causes,omitempty"`
	// Stack is where a panic happened.
	Stack string `json:"stack,omitempty"`
}

// Cause is an error as JSON.
type Cause struct {
	// Type is the Go type, as in "*example.com/trip.CardDeclined".
	Type string `json:"type"`
	// Data is the error as encoding/json has it. The Secrets in it are empty: errors are shown in too many places.
	Data json.RawMessage `json:"data"`
}

// Reason is a kind of failure.
type Reason string

// The kinds of failures.
const (
	// ReasonError: the function returned an error.
	ReasonError Reason = "error"
	// ReasonPanic: the function panicked.
	ReasonPanic Reason = "panic"
	// ReasonTimeout: the attempt's time was up. errors.Is finds context.DeadlineExceeded.
	ReasonTimeout Reason = "timeout"
	// ReasonInjected: a test or an operator asked for the failure.
	ReasonInjected Reason = "injected"
	// ReasonNotCalled: the saga began to unwind while the call waited for a limit, and so it was never made.
	ReasonNotCalled Reason = "not called"
)

// NewActionError records an error that a function returned.
func NewActionError(err error, reason Reason, attempts int) *ActionError {
	e := &ActionError{Message: errorText(err), Reason: reason, Attempts: attempts}
	left := maxErrors
	e.collect(err, &left)
	return e
}

// Error implements error with the original error's text.
func (e *ActionError) Error() string { return e.Message }

// Is reports whether target is context.DeadlineExceeded and time was up.
func (e *ActionError) Is(target error) bool {
	return e.Reason == ReasonTimeout && target == context.DeadlineExceeded //nolint:errorlint // that is what Is is for
}

// As sets target to the first of Causes that has its type.
func (e *ActionError) As(target any) bool {
	dst := reflect.ValueOf(target)
	if dst.Kind() != reflect.Pointer || dst.IsNil() {
		return false
	}
	want := dst.Type().Elem()
	name := errorTypeName(want)
	if name == "" {
		return false
	}
	for _, cause := range e.Causes {
		if cause.Type != name {
			continue
		}
		value := reflect.New(want)
		if json.Unmarshal(cause.Data, value.Interface()) != nil {
			continue
		}
		dst.Elem().Set(value.Elem())
		return true
	}
	return false
}

// maxErrors bounds how much of an error's tree is recorded. A tree without end is possible: an error may
// unwrap to itself.
const maxErrors = 100

// collect adds the errors in err's tree to the causes, depth first as errors.As goes, at most so many as are left.
func (e *ActionError) collect(err error, left *int) {
	if err == nil || *left == 0 {
		return
	}
	*left--
	if panicked, ok := err.(*PanicError); ok && e.Stack == "" { //nolint:errorlint // the tree is walked by hand
		e.Stack = string(panicked.Stack)
	}
	if name := errorTypeName(reflect.TypeOf(err)); name != "" {
		if data, ok := marshalError(err); ok {
			e.Causes = append(e.Causes, Cause{Type: name, Data: data})
		}
	}
	for _, inner := range unwrap(err) {
		e.collect(inner, left)
	}
}

// errorText, unwrap and marshalError call methods of a user's error type, which may panic: of a
// nil pointer, for example.

func errorText(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("error of type %T, whose text panics: %v", err, v)
		}
	}()
	return err.Error()
}

func unwrap(err error) (inner []error) {
	defer func() {
		if recover() != nil {
			inner = nil
		}
	}()
	switch w := err.(type) { //nolint:errorlint // the tree is walked by hand
	case interface{ Unwrap() error }:
		return []error{w.Unwrap()}
	case interface{ Unwrap() []error }:
		return w.Unwrap()
	}
	return nil
}

func marshalError(err error) (data json.RawMessage, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	data, failure := encodeData(err)
	return replaceSecrets(data, emptySecretJSON), failure == nil
}

// errorTypeName names a type uniquely, or returns "" for one whose values can't be had
// back: those without a name, and the wrappers of the standard library and of this package.
func errorTypeName(t reflect.Type) string {
	star := ""
	if t.Kind() == reflect.Pointer {
		star, t = "*", t.Elem()
	}
	switch t.PkgPath() {
	case "", "errors", "fmt", "context", reflect.TypeFor[ActionError]().PkgPath():
		return ""
	}
	if t.Name() == "" || t.Kind() == reflect.Interface {
		return ""
	}
	return star + t.PkgPath() + "." + t.Name()
}
