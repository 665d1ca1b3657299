package sec

import (
	"errors"
	"fmt"
	"runtime"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/fold"
)

// work is what a goroutine of the pool does for an execution: it drives the
// execution, or runs a task first.
type work struct {
	execution *execution
	drive     bool
	task      actionTask // the first task, unless drive is set
}

// run does the work, and what follows from it in the same goroutine: a
// goroutine that reports to an execution without a driver becomes its driver,
// and runs one of the tasks that are due then. So a chain of actions needs no
// other goroutine.
func (w work) run() {
	task, ok := w.task, !w.drive
	for {
		if !ok {
			if task, ok = w.execution.drive(); !ok {
				return
			}
		}
		if ok = false; !w.execution.runTask(task) {
			return
		}
	}
}

// schedule has a goroutine of the pool drive s. Only a caller to which the
// mailbox has reported schedule may call it.
func (c *Coordinator) schedule(s *execution) { c.pool.Submit(work{execution: s, drive: true}) }

// drive makes steps until there is nothing left to do but to run tasks. It
// submits all of these but one, which it returns, if there is any. The caller
// is the driver until drive returns.
func (s *execution) drive() (actionTask, bool) {
	for {
		if !s.step() {
			s.coordinator.release(s)
			return actionTask{}, false
		}
		task, ok := s.dispatch()
		if s.mail.StopDriving() {
			return task, ok
		}
		if ok {
			s.coordinator.pool.Submit(work{execution: s, task: task})
		}
	}
}

// startDriving drives a saga that was just created. It needs no step first, as
// the start of the first tasks is durable already. It runs no action itself, as
// the caller is a goroutine of the user. If no task is runnable, it schedules a
// driver, which may have to wait for the admission.
func (s *execution) startDriving() {
	task, ok := s.dispatch()
	if ok {
		s.coordinator.pool.Submit(work{execution: s, task: task})
	}
	if !ok || !s.mail.StopDriving() {
		s.coordinator.schedule(s)
	}
}

// step takes the mail, and makes durable what follows from it. It reports false
// when the saga is settled or given up, or when the coordinator is stopping and
// no task is in flight.
func (s *execution) step() bool {
	if s.session.Err() != nil {
		return false
	}
	s.yieldToWorkers()
	s.pendingAt = now()
	posted := s.mail.Take(s.spareOutcomes)
	s.spareOutcomes = posted.Outcomes
	if posted.Admitted {
		s.admitted, s.awaitsAdmission = true, false
	}
	s.receive(posted.Outcomes)
	for _, r := range posted.Requests {
		s.applyRequest(r)
	}
	stopping := s.coordinator.isStopped()
	for {
		s.idle = false
		if s.Started && !stopping && s.admit(true) {
			s.advance()
			s.idle = s.inFlight == 0 && len(s.runnable) == 0
		}
		err := s.flush()
		if err == nil {
			break
		}
		if foreign := (foreignAppend{}); errors.As(err, &foreign) {
			if err = s.rebase(foreign); err == nil {
				continue
			}
		}
		s.config().Logger.Warn("saga given up", "saga", s.id, "name", s.DAG.Name(), "reason", err)
		if errors.Is(err, saga.ErrStopped) {
			s.answerRequests(fmt.Errorf("saga %s: %w; it may have been recorded", s.id, err))
		} else {
			s.answerRequests(errReleased) // the requests are repeated with the new owner
		}
		return false
	}
	done := s.storedState.Settled() || stopping && s.inFlight == 0
	s.publish(!done && s.Started)
	s.answerRequests(nil)
	if s.idle {
		s.releaseAdmission()
	}
	return !done
}

// admit acquires an admission, unless the saga has one or waits for one
// already. It reports whether the saga has one.
func (s *execution) admit(wait bool) bool {
	switch {
	case s.admitted || s.coordinator.admission == nil:
		return true
	case s.awaitsAdmission: // it may have been admitted; the mail says so
		return false
	}
	s.admitted = s.coordinator.admission.Acquire(s, wait)
	s.awaitsAdmission = wait && !s.admitted
	return s.admitted
}

// admit notifies a waiting saga that it is admitted. It reports false if the
// saga was released.
func (c *Coordinator) admit(s *execution) bool {
	ok, schedule := s.mail.Admit()
	if schedule {
		c.schedule(s)
	}
	return ok
}

// releaseAdmission releases the saga's admission, if it has one.
func (s *execution) releaseAdmission() {
	if s.admitted {
		s.admitted = false
		s.coordinator.admission.Release()
	}
}

// dispatch submits all runnable tasks but one, which it returns.
func (s *execution) dispatch() (task actionTask, ok bool) {
	n := len(s.runnable)
	if n == 0 {
		return actionTask{}, false
	}
	s.inFlight += n
	s.coordinator.running.Add(n)
	s.coordinator.pool.Submit(s.runnable[1:]...)
	task = s.runnable[0].task
	s.runnable = s.runnable[:0]
	return task, true
}

// yieldToWorkers lets workers that are about to report do so, so that their
// outcomes share an append. It doesn't wait for any. Without it, BenchmarkTrip
// of package sqlite commits 5 times a trip instead of 4.
func (s *execution) yieldToWorkers() {
	const most = 3 // more isn't worth it: the first append takes longer
	for range min(s.inFlight-1, most) {
		runtime.Gosched()
	}
}

// answerRequests answers all requests that are durable, or that can't become
// durable.
func (s *execution) answerRequests(err error) {
	for _, r := range s.unanswered {
		r.answer(err)
	}
	s.unanswered = s.unanswered[:0]
}

// receive applies the outcomes of tasks. Outcomes that arrive together share an
// append.
func (s *execution) receive(outcomes []outcome) {
	for _, o := range outcomes {
		s.inFlight--
		if o.kind != 0 {
			s.apply(o.task.Node, o.kind, o.payload)
		}
	}
}

// isSettled reports whether the saga is settled, according to the last
// snapshot.
func (s *execution) isSettled() bool {
	v, published := s.snapshot.load()
	return published && v.state.Settled()
}

// result returns the result of the saga. It may be called after done is closed,
// if the saga is settled.
func (s *execution) result() (saga.Outputs, error) {
	return fold.Result(&saga.Log{ID: s.id, DAG: s.DAG, Events: s.events}, s.storedState, s.Machine.Outputs())
}
