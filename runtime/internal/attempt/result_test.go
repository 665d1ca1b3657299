package attempt_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/attempt"
)

func TestResultAsEvent(t *testing.T) {
	failure := &saga.ActionError{Message: "no room", Reason: saga.ReasonError, Attempts: 3}
	const recorded = `{"message":"no room","reason":"error","attempts":3}`
	for _, tt := range []struct {
		name      string
		result    attempt.Result
		direction saga.Direction
		kind      engine.EventKind
		payload   string
	}{
		{"success", attempt.Result{Output: json.RawMessage(`1`)}, saga.Do, engine.EventSucceeded, `1`},
		{"failure", attempt.Result{Failure: failure}, saga.Do, engine.EventFailed, recorded},
		{"permanent failure", attempt.Result{Failure: failure, Permanent: true}, saga.Do, engine.EventFailed, recorded},
		{"unknown", attempt.Result{Failure: failure, Unknown: true}, saga.Do, engine.EventIndeterminate, recorded},
		{"success", attempt.Result{}, saga.Undo, engine.EventUndoFinished, ``},
		{"failure", attempt.Result{Failure: failure}, saga.Undo, engine.EventUndoFailed, recorded},
		{"unknown", attempt.Result{Failure: failure, Unknown: true}, saga.Undo, engine.EventUndoFailed, recorded},
	} {
		t.Run(tt.direction.String()+"/"+tt.name, func(t *testing.T) {
			kind, payload := tt.result.Event(tt.direction)
			assert.Equal(t, tt.kind, kind)
			assert.Equal(t, tt.payload, string(payload))
		})
	}
}

func TestLastAttempt(t *testing.T) {
	failed := attempt.Result{Failure: &saga.ActionError{}}
	permanent := attempt.Result{Failure: &saga.ActionError{}, Permanent: true}
	for _, tt := range []struct {
		name        string
		result      attempt.Result
		maxAttempts int
		direction   saga.Direction
		attempt     int
		final       bool
	}{
		{"success", attempt.Result{}, saga.Unlimited, saga.Do, 1, true},
		{"permanent failure", permanent, saga.Unlimited, saga.Do, 1, true},
		{"failure before the last attempt", failed, 3, saga.Do, 2, false},
		{"failure of the last attempt", failed, 3, saga.Do, 3, true},
		{"failure of an unlimited number", failed, saga.Unlimited, saga.Do, 1e6, false},
		{"do has one attempt by default", failed, 0, saga.Do, 1, true},
		{"undo has more by default", failed, 0, saga.Undo, saga.Policy{}.Attempts(saga.Undo) - 1, false},
		{"and then no more", failed, 0, saga.Undo, saga.Policy{}.Attempts(saga.Undo), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			policy := saga.Policy{MaxAttempts: tt.maxAttempts}
			assert.Equal(t, tt.final, tt.result.Final(policy, tt.direction, tt.attempt))
		})
	}
}
