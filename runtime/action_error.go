package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/sagagen/sagagen/runtime/engine"
)

// ActionError is the failure of a do or an undo function, as recorded in the
// saga's log. The original error may come from another process. errors.As still
// finds an error of a caller's type in an ActionError, if the tree of the
// original error contained one that round-trips through JSON.
type ActionError struct {
	// Message is the text of the original error.
	Message string `json:"message"`
	// Reason is the kind of the failure.
	Reason Reason `json:"reason"`
	// Attempts is the number of attempts that the recording process made; 0 for
	// ReasonNotCalled.
	Attempts int `json:"attempts"`
	// Causes are the errors in the tree of the original error that can be
	// restored, outermost first.
	Causes []Cause `json:"causes,omitempty"`
	// Stack is the stack trace of a panic; otherwise empty.
	Stack string `json:"stack,omitempty"`
}

// Cause is an error encoded as JSON.
type Cause struct {
	// Type is the Go type, as in "*example.com/trip.CardDeclined".
	Type string `json:"type"`
	// Data is the JSON of the error. Secrets in it are empty, because errors
	// are displayed in too many places.
	Data json.RawMessage `json:"data"`
}

// Reason is the kind of a failure.
type Reason string

// The kinds of failures.
const (
	// ReasonError: the function returned an error.
	ReasonError Reason = "error"
	// ReasonPanic: the function panicked.
	ReasonPanic Reason = "panic"
	// ReasonTimeout: the attempt failed after its timeout. errors.Is reports
	// true for context.DeadlineExceeded.
	ReasonTimeout Reason = "timeout"
	// ReasonInjected: a test or an operator injected the failure.
	ReasonInjected Reason = "injected"
	// ReasonNotCalled: the function was not called, because the saga began to
	// unwind while the call waited for a concurrency limit.
	ReasonNotCalled Reason = "not called"
)

// Error implements error. It returns the text of the original error.
func (e *ActionError) Error() string { return e.Message }

// Is reports whether target is context.DeadlineExceeded and the reason is
// ReasonTimeout.
func (e *ActionError) Is(target error) bool {
	return e.Reason == ReasonTimeout && target == context.DeadlineExceeded //nolint:errorlint // that is what Is is for
}

// As sets target to the first of the Causes that has its type, and reports
// whether there is one.
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

// maxErrors bounds how much of an error tree is visited. A tree can be
// infinite, as an error may unwrap to itself.
const maxErrors = 100

// collect adds the errors in the tree of err to the causes, depth first like
// errors.As, at most *left of them.
func (e *ActionError) collect(err error, left *int) {
	if err == nil || *left == 0 {
		return
	}
	*left--
	if panicked, ok := err.(*engine.PanicError); ok && e.Stack == "" { //nolint:errorlint // the tree is walked by hand
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

// errorText, unwrap and marshalError call methods of a user's error type. These
// may panic, for example on a nil pointer.

func errorText(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("error of type %T, whose Error method panics: %v", err, v)
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

// errorTypeName returns a unique name of a type. It returns "" for types whose
// values can't be restored: unnamed types, and the wrappers of the standard
// library and of this package.
func errorTypeName(t reflect.Type) string {
	star := ""
	if t.Kind() == reflect.Pointer {
		star, t = "*", t.Elem()
	}
	switch t.PkgPath() {
	case "", "errors", "fmt", "context",
		reflect.TypeFor[ActionError]().PkgPath(), reflect.TypeFor[engine.PanicError]().PkgPath():
		return ""
	}
	if t.Name() == "" || t.Kind() == reflect.Interface {
		return ""
	}
	return star + t.PkgPath() + "." + t.Name()
}
