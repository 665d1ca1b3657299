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

// job is a task with what its worker needs to know.
type job struct {
	executor.Task
	// resumed says that the log held the task's beginning before this coordinator had the saga.
	resumed bool
	// outputs are the machine's; the worker reads only those of the node's ancestors.
	outputs []json.RawMessage
	// output is what is to be undone; nil if it's unknown.
	output json.RawMessage
}

// outcome is what a worker sends to the saga's owner.
type outcome struct {
	task executor.Task
	// kind is zero if the task didn't end, because the coordinator is shutting down.
	kind    saga.EventKind
	payload json.RawMessage
}

// work attempts the job until it succeeds or is given up, and reports the outcome. It reports whether the caller has to
// attend to the saga now.
func (s *instance) work(j job) (attend bool) {
	c := s.coordinator
	defer c.running.Done()
	var o outcome
	returned := false
	defer func() {
		if returned {
			attend = s.report(o)
			return
		}
		// The action called runtime.Goexit, and this goroutine ends.
		o = j.failed(&saga.ActionError{Message: "the action ended its goroutine", Reason: saga.ReasonPanic, Attempts: 1}, true)
		if s.report(o) {
			c.attendTo(s)
		}
	}()
	injected := s.injection(j.Task)
	if injected.fail {
		o = j.failed(&saga.ActionError{Message: "error injected", Reason: saga.ReasonInjected, Attempts: 1}, false)
	} else {
		o = s.attempt(j, injected)
	}
	returned = true
	return false
}

// report posts an outcome, and reports whether the caller has to attend to the saga.
func (s *instance) report(o outcome) (attend bool) {
	attend, last := s.mail.report(o)
	if last {
		s.life.end()
	}
	return attend
}

// attempt calls the action as often as its policy says.
func (s *instance) attempt(j job, injected injection) outcome {
	c := s.coordinator
	name := s.dag.Action(j.Node)
	action, ok := c.config.Registry.Lookup(name)
	if !ok {
		panic(fmt.Sprintf("action %q was registered when the saga was loaded, and is not now", name))
	}
	policy, own, failure := c.plan(action, j.Direction)
	if failure != nil {
		return j.failed(failure, true)
	}
	most := policy.Attempts(j.Direction)
	unknown := false
	defer s.setRetrying(j.Task, nil)
	for attempt := 1; ; attempt++ {
		r := s.callInTurn(j, action, own, attempt, policy.Timeout, injected)
		if r.failure == nil {
			return j.succeeded(r.output)
		}
		if r.failure.Reason == saga.ReasonNotCalled {
			return j.failed(r.failure, false)
		}
		if r.stopped || s.life.Err() != nil {
			return outcome{task: j.Task} // it may have failed only because of that
		}
		unknown = unknown || r.unknown
		if attempt >= most || r.permanent {
			r.failure.Attempts = attempt
			return j.failed(r.failure, unknown)
		}
		delay := jitter(policy.Delay(attempt))
		s.setRetrying(j.Task, &saga.Retrying{
			Node: j.Node, Direction: j.Direction, Attempts: attempt, Err: r.failure, Next: time.Now().Add(delay),
		})
		if !s.wait(delay) {
			return outcome{task: j.Task}
		}
	}
}

// jitter leaves out a random part of up to a half of a wait.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }

// plan asks an action how it is to be called, and returns the gate that it has of its own. This is the user's code too.
func (c *Coordinator) plan(action saga.Registered, direction saga.Direction) (policy saga.Policy, own *gate, failure *saga.ActionError) {
	defer func() {
		if v := recover(); v != nil {
			failure = saga.NewActionError(&saga.PanicError{Value: v, Stack: debug.Stack()}, saga.ReasonPanic, 1)
		}
	}()
	policy = action.Policy(direction)
	return policy, c.gates.action(action.Name(), direction, policy.Limit), nil
}

// callInTurn makes one attempt, when the limits allow it.
func (s *instance) callInTurn(j job, action saga.Registered, own *gate, attempt int, timeout time.Duration, injected injection) attempted {
	c := s.coordinator
	all := c.gates.all[j.Direction]
	if !own.enter(s, c.stopping) {
		return attempted{failure: &saga.ActionError{}, stopped: true}
	}
	defer own.leave()
	if !all.enter(s, c.stopping) {
		return attempted{failure: &saga.ActionError{}, stopped: true}
	}
	defer all.leave()
	if s.isGone() {
		return attempted{failure: &saga.ActionError{}, stopped: true}
	}
	if limited := own != nil || all != nil; limited && attempt == 1 && s.isTooLate(j) {
		return attempted{failure: &saga.ActionError{Message: "not called: it waited for a limit until the saga unwound", Reason: saga.ReasonNotCalled}}
	}
	began := time.Now()
	r := s.call(j, action, attempt, timeout)
	for calls := 1; calls < injected.repeat && r.failure == nil; calls++ {
		r = s.call(j, action, attempt, timeout)
	}
	o := Observation{Kind: ObservedAttempt, ID: s.id, Name: s.dag.Name(), Direction: j.Direction, Attempt: attempt}
	if r.failure != nil {
		o.Err = r.failure
	}
	if c.observations.wants(o.level()) { // saves the work
		o.Path, o.Took = s.dag.Path(j.Node), time.Since(began)
		c.observations.tell(o)
	}
	return r
}

// isGone reports whether nothing more is to be called for the saga: it isn't the coordinator's any more, or was abandoned.
func (s *instance) isGone() bool {
	select {
	case <-s.done:
		return true
	default:
		return s.life.Err() != nil
	}
}

// isTooLate reports whether the saga unwinds, and the job is a do that nobody has begun.
func (s *instance) isTooLate(j job) bool {
	v, _ := s.view.load()
	return j.Direction == saga.Do && !j.resumed && (v.state == saga.StateUnwinding || v.state == saga.StateStuck)
}

func (s *instance) setRetrying(t executor.Task, r *saga.Retrying) {
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

// attempted is what one attempt came to.
type attempted struct {
	output  json.RawMessage
	failure *saga.ActionError // nil if it succeeded
	// permanent says that no further attempt makes sense, unknown that this one may have
	// had an effect.
	permanent, unknown bool
	// stopped says that it was not made, as the coordinator is shutting down.
	stopped bool
}

// call makes one attempt. All of the user's code runs in it, the methods of errors included, and if that
// panics, the attempt has failed.
func (s *instance) call(j job, action saga.Registered, attempt int, timeout time.Duration) (r attempted) {
	defer func() {
		if v := recover(); v != nil {
			err := &saga.PanicError{Value: v, Stack: debug.Stack()}
			r = attempted{failure: saga.NewActionError(err, saga.ReasonPanic, attempt), unknown: true}
		}
	}()
	var ctx context.Context = &s.life
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	actionContext := saga.NewActionContext(ctx, &saga.Call{
		ID: s.id, DAG: s.dag, Node: j.Node, Direction: j.Direction, Attempt: attempt, Recovered: j.resumed,
		App: action.App, Logger: s.config().Logger, Outputs: j.outputs, Output: j.output,
	})
	var output json.RawMessage
	var err error
	if j.Direction == saga.Undo {
		err = action.Undo(actionContext)
	} else {
		output, err = action.Do(actionContext)
		if err == nil {
			err = s.checkOutput(j, output)
		}
	}
	if err == nil {
		return attempted{output: output}
	}
	reason := saga.ReasonError
	if ctx.Err() != nil {
		reason = saga.ReasonTimeout
	}
	return attempted{
		failure:   saga.NewActionError(err, reason, attempt),
		permanent: saga.IsPermanent(err),
		unknown:   reason == saga.ReasonTimeout || saga.IsIndeterminate(err),
	}
}

// checkOutput refuses an output that can't be recorded. What the action did is done by then.
func (s *instance) checkOutput(j job, output json.RawMessage) error {
	switch size := len(output); {
	case !json.Valid(output):
		return saga.Permanent(saga.Indeterminate(errors.New("the action returned an output that is not JSON")))
	case size > s.config().MaxPayload:
		return saga.Permanent(saga.Indeterminate(fmt.Errorf("the output has %d bytes, the limit is %d: store it elsewhere and return where", size, s.config().MaxPayload)))
	case size > s.config().WarnPayload:
		s.config().Logger.Warn("large output", "saga", s.id, "node", s.dag.Path(j.Node), "bytes", size)
	}
	return nil
}

func (j job) succeeded(output json.RawMessage) outcome {
	if j.Direction == saga.Undo {
		return outcome{task: j.Task, kind: saga.EventUndoFinished}
	}
	return outcome{task: j.Task, kind: saga.EventSucceeded, payload: output}
}

func (j job) failed(failure *saga.ActionError, unknown bool) outcome {
	payload, err := json.Marshal(failure)
	if err != nil {
		panic(err) // it consists of strings, numbers and valid JSON
	}
	o := outcome{task: j.Task, kind: saga.EventFailed, payload: payload}
	switch {
	case j.Direction == saga.Undo:
		o.kind = saga.EventUndoFailed
	case unknown:
		o.kind = saga.EventIndeterminate
	}
	return o
}

// wait returns true when the time is up, and false before that if the saga isn't this coordinator's any more, or
// the coordinator is shut down.
func (s *instance) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.coordinator.stopping:
	case <-s.life.Done():
	case <-s.done:
	}
	return false
}
