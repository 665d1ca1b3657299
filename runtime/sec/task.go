package sec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// actionTask is a task with what its worker needs.
type actionTask struct {
	executor.Task
	// recovered says that the log already had the task's start when this
	// coordinator loaded the saga.
	recovered bool
	// outputs are the machine's. The worker reads only those of the node's
	// ancestors.
	outputs []json.RawMessage
	// output is the output to undo, or nil if it is unknown.
	output json.RawMessage
}

// outcome is what a worker reports to the driver.
type outcome struct {
	task executor.Task
	// kind is zero if the task didn't finish because the coordinator is
	// shutting down or has lost the saga.
	kind    saga.EventKind
	payload json.RawMessage
}

// runTask attempts the task until it succeeds or is given up, and reports the
// outcome. It reports whether the caller has to drive the saga now.
func (s *execution) runTask(t actionTask) (drive bool) {
	c := s.coordinator
	defer c.running.Done()
	var o outcome
	returned := false
	defer func() {
		if returned {
			drive = s.report(o)
			return
		}
		// The action has called runtime.Goexit, and this goroutine ends.
		o = t.failed(&saga.ActionError{
			Message: "the action called runtime.Goexit", Reason: saga.ReasonPanic, Attempts: 1,
		}, true)
		if s.report(o) {
			c.schedule(s)
		}
	}()
	injected := s.injection(t.Task)
	if injected.fail {
		o = t.failed(&saga.ActionError{Message: "error injected", Reason: saga.ReasonInjected, Attempts: 1}, false)
	} else {
		o = s.runAttempts(t, injected)
	}
	returned = true
	return false
}

// report posts an outcome, and reports whether the caller has to drive the
// saga.
func (s *execution) report(o outcome) (drive bool) {
	drive, last := s.mail.report(o)
	if last {
		s.lifetime.cancel()
	}
	return drive
}

// runAttempts calls the action as often as its policy allows.
func (s *execution) runAttempts(t actionTask, injected injection) outcome {
	c := s.coordinator
	name := s.dag.Action(t.Node)
	action, ok := c.config.Registry.Lookup(name)
	if !ok {
		panic(fmt.Sprintf("action %q was registered when the saga was loaded and is no longer registered", name))
	}
	policy, limit, failure := c.plan(action, t.Direction)
	if failure != nil {
		return t.failed(failure, true)
	}
	most := policy.Attempts(t.Direction)
	unknown := false
	defer s.setRetrying(t.Task, nil)
	for attempt := 1; ; attempt++ {
		r := s.acquireAndInvoke(t, action, limit, attempt, policy.Timeout, injected)
		if r.failure == nil {
			return t.succeeded(r.output)
		}
		if r.failure.Reason == saga.ReasonNotCalled {
			return t.failed(r.failure, false)
		}
		if r.stopped || s.lifetime.Err() != nil {
			return outcome{task: t.Task} // the end of its context may be why it failed
		}
		unknown = unknown || r.unknown
		if attempt >= most || r.permanent {
			r.failure.Attempts = attempt
			return t.failed(r.failure, unknown)
		}
		delay := jitter(policy.Delay(attempt))
		s.setRetrying(t.Task, &saga.Retrying{
			Node: t.Node, Direction: t.Direction, Attempts: attempt, Err: r.failure, Next: time.Now().Add(delay),
		})
		if !s.wait(delay) {
			return outcome{task: t.Task}
		}
	}
}

// jitter subtracts a random part of at most half of d.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }

// plan returns the policy of an action, and the semaphore of the action's own
// limit. Policy is user code too, so a panic is a failure.
func (c *Coordinator) plan(
	action saga.Registered, direction saga.Direction,
) (policy saga.Policy, limit *semaphore, failure *saga.ActionError) {
	defer func() {
		if v := recover(); v != nil {
			failure = saga.NewActionError(&saga.PanicError{Value: v, Stack: debug.Stack()}, saga.ReasonPanic, 1)
		}
	}()
	policy = action.Policy(direction)
	return policy, c.limits.forAction(action.Name(), direction, policy.Limit), nil
}

// acquireAndInvoke makes one attempt when the limits allow it.
func (s *execution) acquireAndInvoke(
	t actionTask, action saga.Registered, actionLimit *semaphore,
	attempt int, timeout time.Duration, injected injection,
) attemptResult {
	c := s.coordinator
	totalLimit := c.limits.total[t.Direction]
	if !actionLimit.acquire(s, c.stopping) {
		return attemptResult{failure: &saga.ActionError{}, stopped: true}
	}
	defer actionLimit.release()
	if !totalLimit.acquire(s, c.stopping) {
		return attemptResult{failure: &saga.ActionError{}, stopped: true}
	}
	defer totalLimit.release()
	if s.isReleased() {
		return attemptResult{failure: &saga.ActionError{}, stopped: true}
	}
	if limited := actionLimit != nil || totalLimit != nil; limited && attempt == 1 && s.isObsolete(t) {
		return attemptResult{failure: &saga.ActionError{
			Message: "not called: the saga began to unwind while the action waited for a limit",
			Reason:  saga.ReasonNotCalled,
		}}
	}
	began := time.Now()
	r := s.invoke(t, action, attempt, timeout)
	for calls := 1; calls < injected.calls && r.failure == nil; calls++ {
		r = s.invoke(t, action, attempt, timeout)
	}
	o := Observation{Kind: ObservedAttempt, ID: s.id, Name: s.dag.Name(), Direction: t.Direction, Attempt: attempt}
	if r.failure != nil {
		o.Err = r.failure
	}
	if c.observations.wants(o.level()) { // skips the call of Path
		o.Path, o.Took = s.dag.Path(t.Node), time.Since(began)
		c.observations.record(o)
	}
	return r
}

// isReleased reports whether nothing more may be called for the saga, as this
// coordinator has given it up or it was abandoned.
func (s *execution) isReleased() bool {
	select {
	case <-s.done:
		return true
	default:
		return s.lifetime.Err() != nil
	}
}

// isObsolete reports whether the saga unwinds and the task is a do that was
// never called.
func (s *execution) isObsolete(t actionTask) bool {
	v, _ := s.snapshot.load()
	return t.Direction == saga.Do && !t.recovered && (v.state == saga.StateUnwinding || v.state == saga.StateStuck)
}

func (s *execution) setRetrying(t executor.Task, r *saga.Retrying) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r == nil {
		delete(s.retrying, t)
		return
	}
	if s.retrying == nil {
		s.retrying = map[executor.Task]saga.Retrying{}
	}
	s.retrying[t] = *r
}

// attemptResult is the result of one attempt.
type attemptResult struct {
	output  json.RawMessage
	failure *saga.ActionError // nil if it succeeded
	// permanent says that another attempt makes no sense. unknown says that
	// this one may have had an effect.
	permanent, unknown bool
	// stopped says that it was not made, as the coordinator is shutting down or
	// has given the saga up.
	stopped bool
}

// invoke makes one attempt. All user code runs in it, the methods of errors
// included. If that panics, the attempt has failed.
func (s *execution) invoke(t actionTask, action saga.Registered, attempt int, timeout time.Duration) (r attemptResult) {
	defer func() {
		if v := recover(); v != nil {
			err := &saga.PanicError{Value: v, Stack: debug.Stack()}
			r = attemptResult{failure: saga.NewActionError(err, saga.ReasonPanic, attempt), unknown: true}
		}
	}()
	var ctx context.Context = &s.lifetime
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	actionContext := saga.NewActionContext(ctx, &saga.Call{
		ID: s.id, DAG: s.dag, Node: t.Node, Direction: t.Direction, Attempt: attempt, Recovered: t.recovered,
		App: action.App, Logger: s.config().Logger, Outputs: t.outputs, Output: t.output,
	})
	var output json.RawMessage
	var err error
	if t.Direction == saga.Undo {
		err = action.Undo(actionContext)
	} else {
		output, err = action.Do(actionContext)
		if err == nil {
			err = s.checkOutput(t, output)
		}
	}
	if err == nil {
		return attemptResult{output: output}
	}
	reason := saga.ReasonError
	if ctx.Err() != nil {
		reason = saga.ReasonTimeout
	}
	return attemptResult{
		failure:   saga.NewActionError(err, reason, attempt),
		permanent: saga.IsPermanent(err),
		unknown:   reason == saga.ReasonTimeout || saga.IsIndeterminate(err),
	}
}

// checkOutput rejects an output that can't be recorded. The action has had its
// effect by then.
func (s *execution) checkOutput(t actionTask, output json.RawMessage) error {
	switch size := len(output); {
	case !json.Valid(output):
		return saga.Permanent(saga.Indeterminate(errors.New("the action returned an output that is not JSON")))
	case size > s.config().MaxPayload:
		return saga.Permanent(saga.Indeterminate(fmt.Errorf(
			"the output has %d bytes, the limit is %d: store it elsewhere and return a reference to it",
			size, s.config().MaxPayload)))
	case size > s.config().WarnPayload:
		s.config().Logger.Warn("large output", "saga", s.id, "node", s.dag.Path(t.Node), "bytes", size)
	}
	return nil
}

func (t actionTask) succeeded(output json.RawMessage) outcome {
	if t.Direction == saga.Undo {
		return outcome{task: t.Task, kind: saga.EventUndoFinished}
	}
	return outcome{task: t.Task, kind: saga.EventSucceeded, payload: output}
}

func (t actionTask) failed(failure *saga.ActionError, unknown bool) outcome {
	payload, err := json.Marshal(failure)
	if err != nil {
		panic(err) // it consists of strings, numbers and valid JSON
	}
	o := outcome{task: t.Task, kind: saga.EventFailed, payload: payload}
	switch {
	case t.Direction == saga.Undo:
		o.kind = saga.EventUndoFailed
	case unknown:
		o.kind = saga.EventIndeterminate
	}
	return o
}

// wait returns true after d, or false as soon as the coordinator shuts down or
// gives the saga up.
func (s *execution) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.coordinator.stopping:
	case <-s.lifetime.Done():
	case <-s.done:
	}
	return false
}
