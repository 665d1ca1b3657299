package engine

import "fmt"

// PanicError is the error of an action that panicked.
type PanicError struct {
	Value any    // the argument of panic
	Stack []byte // the result of debug.Stack
}

// Error implements error. It returns the value without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }
