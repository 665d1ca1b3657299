package attempt

import (
	"encoding/json"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Result is what an attempt has led to.
type Result struct {
	// Output is what a do function returned. It is valid JSON.
	Output json.RawMessage
	// Failure is nil if the function succeeded.
	Failure *saga.ActionError
	// Permanent says that a further attempt makes no sense.
	Permanent bool
	// Unknown says that the failed function may have had an effect.
	Unknown bool
}

// Final reports whether the task ends with this result: no attempt follows the
// one with that number, counted from 1.
func (r *Result) Final(policy saga.Policy, d saga.Direction, attempt int) bool {
	return r.Failure == nil || r.Permanent || attempt >= policy.Attempts(d)
}

// Event returns the kind and the payload of the event that records r as the
// outcome of a task.
func (r *Result) Event(d saga.Direction) (engine.EventKind, json.RawMessage) {
	switch {
	case r.Failure == nil && d == saga.Undo:
		return engine.EventUndoFinished, nil
	case r.Failure == nil:
		return engine.EventSucceeded, r.Output
	}
	payload, err := json.Marshal(r.Failure)
	if err != nil {
		panic(err) // it consists of strings, numbers and valid JSON
	}
	switch {
	case d == saga.Undo:
		return engine.EventUndoFailed, payload
	case r.Unknown:
		return engine.EventIndeterminate, payload
	}
	return engine.EventFailed, payload
}
