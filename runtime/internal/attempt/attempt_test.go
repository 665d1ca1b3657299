package attempt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/attempt"
)

// action is an action whose do and undo function are f. Its undo function drops
// the output.
type action struct {
	f      func(saga.ActionContext) (json.RawMessage, error)
	policy func() saga.Policy
}

func (action) Name() saga.ActionName { return "act" }

func (a action) Do(ctx saga.ActionContext) (json.RawMessage, error) { return a.f(ctx) }

func (a action) Undo(ctx saga.ActionContext) error {
	_, err := a.f(ctx)
	return err
}

func (a action) Policy(saga.Direction) saga.Policy { return a.policy() }

func (action) Shape() saga.Shape { return saga.Shape{} }

// newAttempt returns the second attempt of a node with a timeout of a minute.
func newAttempt(t *testing.T, d saga.Direction, f func(saga.ActionContext) (json.RawMessage, error)) attempt.Attempt {
	t.Helper()
	dag, err := saga.NewSagaDAG(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "act")).MustBuild(), nil)
	require.NoError(t, err)
	return attempt.Attempt{
		Action: action{f: f},
		Call: &saga.Call{
			ID: saga.NewID(), DAG: dag, Node: 1, Direction: d, Attempt: 2,
			Logger: slog.New(slog.DiscardHandler), Outputs: make([]json.RawMessage, dag.Len()),
		},
		Timeout: time.Minute, MaxOutput: 10, WarnOutput: 5,
	}
}

// run makes an attempt in a goroutine of its own, which f may end.
func run(ctx context.Context, a *attempt.Attempt) attempt.Result {
	var r attempt.Result
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.Run(ctx, &r)
	}()
	<-done
	return r
}

// sleep waits until the end of the context, at most for d.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errNoRoom = errors.New("no room")

// TestResult is the table of the package's documentation.
func TestResult(t *testing.T) {
	fails := func(err error) func(saga.ActionContext) (json.RawMessage, error) {
		return func(saga.ActionContext) (json.RawMessage, error) { return nil, err }
	}
	returns := func(output string) func(saga.ActionContext) (json.RawMessage, error) {
		return func(saga.ActionContext) (json.RawMessage, error) { return json.RawMessage(output), nil }
	}
	const (
		both     = "both"
		doOnly   = "do"
		undoOnly = "undo"
	)
	for _, tt := range []struct {
		name               string
		directions         string
		f                  func(saga.ActionContext) (json.RawMessage, error)
		reason             saga.Reason // empty if the attempt succeeds
		message            string
		unknown, permanent bool
	}{
		{name: "success", directions: both, f: returns(`"ok"`)},
		{name: "largest output", directions: both, f: returns(`"12345678"`)},
		{name: "undo has no output", directions: undoOnly, f: returns(`no JSON`)},
		{name: "error", directions: both, f: fails(errNoRoom), reason: saga.ReasonError, message: "no room"},
		{
			name: "permanent error", directions: both, f: fails(saga.Permanent(errNoRoom)),
			reason: saga.ReasonError, message: "no room", permanent: true,
		},
		{
			name: "indeterminate error", directions: both, f: fails(saga.Indeterminate(errNoRoom)),
			reason: saga.ReasonError, message: "no room", unknown: true,
		},
		{
			name: "permanent and indeterminate", directions: both,
			f:      fails(saga.Permanent(saga.Indeterminate(errNoRoom))),
			reason: saga.ReasonError, message: "no room", unknown: true, permanent: true,
		},
		{
			name: "error before the timeout", directions: both,
			f: func(ctx saga.ActionContext) (json.RawMessage, error) {
				_ = sleep(ctx, time.Minute-time.Nanosecond)
				return nil, errNoRoom
			},
			reason: saga.ReasonError, message: "no room",
		},
		{
			name: "error at the timeout", directions: both,
			f:      func(ctx saga.ActionContext) (json.RawMessage, error) { return nil, sleep(ctx, time.Hour) },
			reason: saga.ReasonTimeout, message: "context deadline exceeded", unknown: true,
		},
		{
			name: "permanent error after the timeout", directions: both,
			f: func(ctx saga.ActionContext) (json.RawMessage, error) {
				_ = sleep(ctx, time.Hour)
				return nil, saga.Permanent(errNoRoom)
			},
			reason: saga.ReasonTimeout, message: "no room", unknown: true, permanent: true,
		},
		{
			name: "success after the timeout", directions: both,
			f: func(ctx saga.ActionContext) (json.RawMessage, error) {
				_ = sleep(ctx, time.Hour)
				return json.RawMessage(`1`), nil
			},
		},
		{
			name: "panic", directions: both,
			f:      func(saga.ActionContext) (json.RawMessage, error) { panic("boom") },
			reason: saga.ReasonPanic, message: "panic: boom", unknown: true,
		},
		{
			name: "Goexit", directions: both,
			f: func(saga.ActionContext) (json.RawMessage, error) {
				runtime.Goexit()
				return nil, nil
			},
			reason: saga.ReasonPanic, message: "the action called runtime.Goexit", unknown: true, permanent: true,
		},
		{
			name: "panic with a value that calls Goexit", directions: both,
			f:      func(saga.ActionContext) (json.RawMessage, error) { panic(exits{}) },
			reason: saga.ReasonPanic, message: "the action called runtime.Goexit", unknown: true, permanent: true,
		},
		{
			name: "error that calls Goexit", directions: both, f: fails(exits{}),
			reason: saga.ReasonPanic, message: "the action called runtime.Goexit", unknown: true, permanent: true,
		},
		{
			name: "output that is not JSON", directions: doOnly, f: returns(`{`),
			reason: saga.ReasonError, message: "the action returned an output that is not JSON",
			unknown: true, permanent: true,
		},
		{
			name: "no output", directions: doOnly, f: returns(``),
			reason: saga.ReasonError, message: "the action returned an output that is not JSON",
			unknown: true, permanent: true,
		},
		{
			name: "output that is too large", directions: doOnly, f: returns(`"123456789"`),
			reason:  saga.ReasonError,
			message: "the output has 11 bytes, the limit is 10: store it elsewhere and return a reference to it",
			unknown: true, permanent: true,
		},
	} {
		for _, d := range []saga.Direction{saga.Do, saga.Undo} {
			if tt.directions != both && tt.directions != d.String() {
				continue
			}
			t.Run(tt.name+"/"+d.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newAttempt(t, d, tt.f)
					r := run(t.Context(), &a)
					if tt.reason == "" {
						assert.Nil(t, r.Failure)
						assert.Equal(t, d == saga.Do, r.Output != nil, "only a do function has an output")
						return
					}
					require.NotNil(t, r.Failure)
					assert.Equal(t, tt.reason, r.Failure.Reason)
					assert.Equal(t, tt.message, r.Failure.Message)
					assert.Equal(t, 2, r.Failure.Attempts)
					assert.Equal(t, tt.unknown, r.Unknown, "unknown")
					assert.Equal(t, tt.permanent, r.Permanent, "permanent")
				})
			})
		}
	}
}

// exits ends the goroutine that wants its text.
type exits struct{}

func (exits) Error() string {
	runtime.Goexit()
	return ""
}

func TestFailureAfterAnUnknownOutcomeIsUnknown(t *testing.T) {
	a := newAttempt(t, saga.Do, func(saga.ActionContext) (json.RawMessage, error) { return nil, errNoRoom })
	a.Unknown = true
	assert.True(t, run(t.Context(), &a).Unknown)
}

func TestAttemptReplacesTheResultOfAnEarlierOne(t *testing.T) {
	a := newAttempt(t, saga.Do, func(saga.ActionContext) (json.RawMessage, error) { return json.RawMessage(`1`), nil })
	r := attempt.Result{Failure: &saga.ActionError{}, Permanent: true, Unknown: true}
	a.Run(t.Context(), &r)
	assert.Equal(t, attempt.Result{Output: json.RawMessage(`1`)}, r)
}

func TestPanicIsRecordedWithItsStack(t *testing.T) {
	a := newAttempt(t, saga.Do, panics)
	r := run(t.Context(), &a)
	assert.Contains(t, r.Failure.Stack, "attempt_test.panics")
}

func panics(saga.ActionContext) (json.RawMessage, error) { panic("boom") }

// The context of an engine ends when the engine shuts down. The engine decides
// then whether the result counts.
func TestEndOfTheEnginesContextCountsAsTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := newAttempt(t, saga.Do, func(ctx saga.ActionContext) (json.RawMessage, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	r := run(ctx, &a)
	assert.Equal(t, saga.ReasonTimeout, r.Failure.Reason)
	assert.True(t, r.Unknown)
}

func TestContextHasNoDeadlineWithoutATimeout(t *testing.T) {
	a := newAttempt(t, saga.Do, func(ctx saga.ActionContext) (json.RawMessage, error) {
		_, ok := ctx.Deadline()
		assert.False(t, ok)
		return json.RawMessage(`1`), nil
	})
	a.Timeout = 0
	assert.Nil(t, run(t.Context(), &a).Failure)
}

func TestLargeOutputIsLogged(t *testing.T) {
	for output, logged := range map[string]string{
		`12345`:  "",
		`123456`: "level=WARN msg=\"large output\" saga=%s node=a bytes=6",
	} {
		var log bytes.Buffer
		a := newAttempt(t, saga.Do, func(saga.ActionContext) (json.RawMessage, error) {
			return json.RawMessage(output), nil
		})
		a.Call.Logger = slog.New(slog.NewTextHandler(&log, nil))
		require.Nil(t, run(t.Context(), &a).Failure)
		if logged == "" {
			assert.Empty(t, log.String())
			continue
		}
		assert.Contains(t, log.String(), strings.ReplaceAll(logged, "%s", a.Call.ID.String()))
	}
}

func TestPolicyIsCodeOfTheUser(t *testing.T) {
	for _, tt := range []struct {
		name    string
		policy  func() saga.Policy
		message string
	}{
		{"returns", func() saga.Policy { return saga.Policy{Limit: 3} }, ""},
		{"panics", func() saga.Policy { panic("no policy") }, "panic: no policy"},
		{"calls Goexit", func() saga.Policy {
			runtime.Goexit()
			return saga.Policy{}
		}, "the action called runtime.Goexit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r attempt.Result
			var name saga.ActionName
			var policy saga.Policy
			done := make(chan struct{})
			go func() {
				defer close(done)
				name, policy = attempt.Policy(action{policy: tt.policy}, saga.Do, &r)
			}()
			<-done
			if tt.message == "" {
				assert.Equal(t, attempt.Result{}, r)
				assert.Equal(t, saga.ActionName("act"), name)
				assert.Equal(t, saga.Policy{Limit: 3}, policy)
				return
			}
			require.NotNil(t, r.Failure)
			assert.Equal(t, tt.message, r.Failure.Message)
			assert.Equal(t, 1, r.Failure.Attempts)
			assert.True(t, r.Unknown, "an earlier process may have called the function")
		})
	}
}

func TestSuccessfulAttemptDoesNotAllocate(t *testing.T) {
	output := json.RawMessage(`1`)
	a := newAttempt(t, saga.Do, func(saga.ActionContext) (json.RawMessage, error) { return output, nil })
	a.Timeout = 0
	var r attempt.Result
	assert.Zero(t, testing.AllocsPerRun(100, func() { a.Run(t.Context(), &r) }))
}
