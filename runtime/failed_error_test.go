package saga_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func failure(path saga.NodePath, kind engine.EventKind, text string) saga.Failure {
	return saga.Failure{Path: path, Kind: kind, Err: saga.NewActionError(errors.New(text), saga.ReasonError, 1)}
}

func TestFailedErrorListsAllFailuresInOneLine(t *testing.T) {
	err := &saga.FailedError{ID: logID, Name: "book-trip", State: saga.StateFailed,
		Failures: []saga.Failure{failure("hotel", engine.EventFailed, "no room")}}
	assert.EqualError(t, err,
		`saga "book-trip" 049b2522-308d-442e-bc65-9bfaef863597 was undone: node "hotel" failed: no room`)

	err.State = saga.StateStuck
	err.Failures = append(err.Failures,
		failure("server/pick", engine.EventIndeterminate, "no answer"),
		failure("payment", engine.EventUndoFailed, "bank is closed"))
	assert.EqualError(t, err,
		`saga "book-trip" 049b2522-308d-442e-bc65-9bfaef863597 is stuck: node "hotel" failed: no room; `+
			`node "server/pick" has an unknown outcome: no answer; undo of node "payment" failed: bank is closed`)
	assert.Len(t, err.Unwrap(), 3)
}

func TestFailedErrorNamesTheOperator(t *testing.T) {
	err := &saga.FailedError{ID: logID, Name: "book-trip", State: saga.StateFailed,
		Canceled: &saga.Audit{By: "ada", Reason: "customer called"}}
	assert.EqualError(t, err,
		`saga "book-trip" 049b2522-308d-442e-bc65-9bfaef863597 was undone: canceled by ada: customer called`)
	assert.Empty(t, err.Unwrap())

	err.State, err.Abandoned = saga.StateAbandoned, &saga.Audit{By: "bob", Reason: "bank is gone"}
	err.Failures = []saga.Failure{failure("payment", engine.EventUndoFailed, "no answer")}
	assert.EqualError(t, err,
		`saga "book-trip" 049b2522-308d-442e-bc65-9bfaef863597 was abandoned: canceled by ada: customer called; `+
			`abandoned by bob: bank is gone; undo of node "payment" failed: no answer`)
}
