package attempt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Attempt is one call of the do or the undo function of an action.
type Attempt struct {
	Action saga.Action
	// Call says which function is called, and for which node. Call.Logger also
	// receives the warnings about large outputs.
	Call *saga.Call
	// Timeout ends the context of the call. 0 means no timeout.
	Timeout time.Duration
	// MaxOutput is the size in bytes of the largest output that can be
	// recorded. A larger output than WarnOutput is logged.
	MaxOutput, WarnOutput int
	// Unknown says that an earlier attempt of the same task had an unknown
	// outcome. If this one fails, its outcome is unknown too.
	Unknown bool
}

// Run makes the attempt and sets *r to its result. All code of the user runs in
// it, including the methods of the user's errors.
//
// A function that calls runtime.Goexit ends the goroutine, so Run doesn't
// return then. It has set *r before any deferred function of the caller runs.
func (a *Attempt) Run(ctx context.Context, r *Result) {
	returned := false
	defer catch(r, a.Call.Attempt, &returned)
	if a.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Timeout)
		defer cancel()
	}
	output, err := a.call(a.Call.Context(ctx))
	if err == nil {
		*r = Result{Output: output}
	} else {
		*r = a.classify(err, ctx.Err() != nil)
	}
	returned = true
}

// call calls the function and checks its output.
func (a *Attempt) call(ctx saga.ActionContext) (json.RawMessage, error) {
	if a.Call.Direction == saga.Undo {
		return nil, a.Action.Undo(ctx)
	}
	output, err := a.Action.Do(ctx)
	if err == nil {
		err = a.checkOutput(output)
	}
	return output, err
}

// checkOutput rejects an output that can't be recorded. The action has had its
// effect by then.
func (a *Attempt) checkOutput(output json.RawMessage) error {
	switch size := len(output); {
	case !json.Valid(output):
		return saga.Permanent(saga.Indeterminate(errors.New("the action returned an output that is not JSON")))
	case size > a.MaxOutput:
		return saga.Permanent(saga.Indeterminate(fmt.Errorf(
			"the output has %d bytes, the limit is %d: store it elsewhere and return a reference to it",
			size, a.MaxOutput)))
	case size > a.WarnOutput:
		c := a.Call
		c.Logger.Warn("large output", "saga", c.ID, "node", c.DAG.Path(c.Node), "bytes", size)
	}
	return nil
}

// classify returns the result of a call that returned an error. late says that
// its context had ended.
func (a *Attempt) classify(err error, late bool) Result {
	reason := saga.ReasonError
	if late {
		reason = saga.ReasonTimeout
	}
	return Result{
		Failure:   saga.NewActionError(err, reason, a.Call.Attempt),
		Permanent: saga.IsPermanent(err),
		Unknown:   a.Unknown || late || saga.IsIndeterminate(err),
	}
}

// catch sets *r if the code of the user has panicked or called runtime.Goexit.
// It must be deferred.
func catch(r *Result, attempt int, returned *bool) {
	if *returned {
		return
	}
	*r = Result{
		Failure: &saga.ActionError{
			Message: "the action called runtime.Goexit", Reason: saga.ReasonPanic, Attempts: attempt,
		},
		Permanent: true, // the goroutine that would make the next attempt ends
		Unknown:   true,
	}
	if v := recover(); v != nil {
		err := &engine.PanicError{Value: v, Stack: debug.Stack()}
		*r = Result{Failure: saga.NewActionError(err, saga.ReasonPanic, attempt), Unknown: true}
	}
}

// Policy returns the name of an action, which is the same for all its aliases,
// and its policy. Both come from code of the user. If that panics or calls
// runtime.Goexit, Policy sets *r, and the task has failed. Otherwise it leaves
// *r alone.
func Policy(action saga.Action, d saga.Direction, r *Result) (name saga.ActionName, policy saga.Policy) {
	returned := false
	defer catch(r, 1, &returned)
	name, policy = action.Name(), action.Policy(d)
	returned = true
	return name, policy
}
