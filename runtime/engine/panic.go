package engine

import "fmt"

// PanicError is the error of a call of an action that panicked. The log records
// it as a saga.ActionError with the reason saga.ReasonPanic.
type PanicError struct {
	Value any    // the argument of panic
	Stack []byte // the result of debug.Stack
}

// Error implements error. It returns the value without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }
