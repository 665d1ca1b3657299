package sec

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/attempt"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/sec/internal/fairsem"
)

// actionTask is a task with the data that its worker needs.
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
	// stopping or has lost the saga.
	kind    engine.EventKind
	payload json.RawMessage
}

// runTask attempts the task until it succeeds or is given up, and reports the
// outcome. It reports whether the caller has to drive the saga now.
func (s *execution) runTask(t actionTask) (drive bool) {
	defer s.coordinator.running.Done()
	var r attempt.Result
	finished, returned := false, false
	defer func() {
		// If runAttempts has not returned, the action has called
		// runtime.Goexit.
		o := outcome{task: t.Task}
		if finished || !returned && r.Failure != nil {
			o.kind, o.payload = r.Event(t.Direction)
		}
		drive = s.report(o)
		if drive && !returned { // this goroutine ends
			s.coordinator.schedule(s)
		}
	}()
	if injected := s.injection(t.Task); injected.fail {
		r.Failure = &saga.ActionError{Message: "error injected", Reason: saga.ReasonInjected, Attempts: 1}
		finished = true
	} else {
		finished = s.runAttempts(t, injected, &r)
	}
	returned = true
	return false
}

// report posts an outcome, and reports whether the caller has to drive the
// saga.
func (s *execution) report(o outcome) (drive bool) {
	drive, last := s.mail.Report(o)
	if last {
		s.lifetime.Cancel()
	}
	return drive
}

// runAttempts calls the action as often as its policy allows, and sets *r to
// the result of the last attempt. It reports false if the task didn't finish
// because the coordinator is stopping or has lost the saga.
func (s *execution) runAttempts(t actionTask, injected injection, r *attempt.Result) (finished bool) {
	name := s.DAG.Action(t.Node)
	action, app := s.config().Registry.Lookup(name)
	if action == nil {
		panic(fmt.Sprintf("action %q was registered when the saga was loaded and is no longer registered", name))
	}
	name, policy := attempt.Policy(action, t.Direction, r)
	if r.Failure != nil {
		return true
	}
	limit := s.coordinator.actionLimits.Get(limitKey{name, t.Direction}, policy.Limit)
	unknown := false
	defer s.setRetrying(t.Task, nil)
	for number := 1; ; number++ {
		a := attempt.Attempt{
			Action: action,
			Call: &saga.Call{
				ID: s.id, DAG: s.DAG, Node: t.Node, Direction: t.Direction, Attempt: number, Recovered: t.recovered,
				App: app, Logger: s.config().Logger, Outputs: t.outputs, Output: t.output,
			},
			Timeout:    policy.Timeout,
			MaxOutput:  s.config().MaxPayload,
			WarnOutput: s.config().warnPayload(),
			Unknown:    unknown,
		}
		if !s.acquireAndRun(t, &a, limit, injected, r) {
			return false
		}
		if r.Failure == nil || r.Failure.Reason == saga.ReasonNotCalled {
			return true
		}
		if s.lifetime.Err() != nil { // the end of its context may be why it failed
			return false
		}
		if r.Final(policy, t.Direction, number) {
			return true
		}
		unknown = r.Unknown
		delay := jitter(policy.Delay(number))
		s.setRetrying(t.Task, &retrying{attempts: number, err: r.Failure, next: time.Now().Add(delay)})
		if !s.wait(delay) {
			return false
		}
	}
}

// jitter subtracts a random part of at most half of d.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }

// limitKey is the name of the semaphore of an action that has a limit.
type limitKey struct {
	action    saga.ActionName
	direction saga.Direction
}

// acquireAndRun makes one attempt when the limits allow it. It acquires the
// action's semaphore first and then that of all actions, so that attempts can't
// deadlock. It reports false if the attempt was not made because the
// coordinator is stopping or has given the saga up.
func (s *execution) acquireAndRun(
	t actionTask, a *attempt.Attempt, actionLimit *fairsem.Semaphore[saga.ID], injected injection, r *attempt.Result,
) (made bool) {
	c := s.coordinator
	totalLimit := c.totalLimits[t.Direction]
	if !s.acquire(actionLimit, c.stopping) {
		return false
	}
	defer actionLimit.Release()
	if !s.acquire(totalLimit, c.stopping) {
		return false
	}
	defer totalLimit.Release()
	if s.isReleased() {
		return false
	}
	if limited := actionLimit != nil || totalLimit != nil; limited && a.Call.Attempt == 1 && s.isObsolete(t) {
		r.Failure = &saga.ActionError{
			Message: "not called: the saga began to unwind while the action waited for a limit",
			Reason:  saga.ReasonNotCalled,
		}
		return true
	}
	began := time.Now()
	a.Run(&s.lifetime, r)
	for calls := 1; calls < injected.calls && r.Failure == nil; calls++ {
		a.Run(&s.lifetime, r)
	}
	o := Observation{
		Kind: ObservedAttempt, ID: s.id, Name: s.DAG.Name(), Direction: t.Direction, Attempt: a.Call.Attempt,
	}
	if r.Failure != nil {
		o.Err = r.Failure
	}
	if c.observations.wants(o.level()) { // skips the call of Path
		o.Path, o.Took = s.DAG.Path(t.Node), time.Since(began)
		c.observations.record(o)
	}
	return true
}

// acquire acquires the semaphore for the saga. It returns false if stop is
// closed or the saga is released before that.
func (s *execution) acquire(semaphore *fairsem.Semaphore[saga.ID], stop <-chan struct{}) bool {
	ready := semaphore.Acquire(s.id)
	if ready == nil {
		return true
	}
	select {
	case <-ready:
		return true
	case <-stop:
	case <-s.lifetime.Done():
	case <-s.done:
	}
	semaphore.Cancel(s.id, ready)
	return false
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

// retrying describes a task that waits for its next attempt.
type retrying struct {
	attempts int // that have failed
	err      *saga.ActionError
	next     time.Time
}

func (s *execution) setRetrying(t executor.Task, r *retrying) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r == nil {
		delete(s.retrying, t)
		return
	}
	if s.retrying == nil {
		s.retrying = map[executor.Task]retrying{}
	}
	s.retrying[t] = *r
}

// wait returns true after d, or false as soon as the coordinator stops or gives
// the saga up.
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
