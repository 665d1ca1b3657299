package sec

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
)

// attend does what there is to do for a saga, until there is nothing, or nothing but to call one action: the caller has to do
// that job. The caller is the one who attends, and doesn't any more when attend has returned.
func (s *execution) drive() (actionTask, bool) {
	for {
		if !s.step() {
			s.coordinator.release(s)
			return actionTask{}, false
		}
		task, ok := s.dispatch()
		if s.mail.stopDriving() {
			return task, ok
		}
		if ok {
			s.coordinator.pool.submit(poolTask{execution: s, task: task})
		}
	}
}

// begin attends to a saga that was just created. What is due is durable already, so that this takes no turn; but no action is called,
// as the caller is the user's goroutine. If nothing is due, others see why, and wait for a slot if that is it.
func (s *execution) startDriving() {
	task, ok := s.dispatch()
	if ok {
		s.coordinator.pool.submit(poolTask{execution: s, task: task})
	}
	if !ok || !s.mail.stopDriving() {
		s.coordinator.schedule(s)
	}
}

// turn takes the mail, and makes durable what follows from it. It reports false when the saga is settled or lost, or the
// coordinator is shutting down and nothing is in flight.
func (s *execution) step() bool {
	if s.session.Err() != nil {
		return false
	}
	s.yieldToWorkers()
	s.pendingAt = now()
	posted := s.mail.take(slices.Grow(s.spareOutcomes[:0], min(s.inFlight, maxOutcomeRoom)))
	s.spareOutcomes = posted.outcomes
	if posted.admitted {
		s.noteAdmission()
	}
	s.receive(posted.outcomes)
	for _, r := range posted.requests {
		s.applyRequest(r)
	}
	stopping := s.coordinator.isStopped()
	for {
		s.idle = false
		if s.started && !stopping && s.admit(true) {
			s.advance()
			s.idle = s.inFlight == 0 && len(s.runnable) == 0 // an operator holds it, or it has settled
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
		s.config().Logger.Warn("saga given up", "saga", s.id, "name", s.dag.Name(), "reason", err)
		if errors.Is(err, saga.ErrShutdown) {
			s.answerRequests(fmt.Errorf("saga %s: %w; it may be done or not", s.id, err))
		} else {
			s.answerRequests(errReleased) // whoever has the saga now is asked
		}
		return false
	}
	ended := s.storedState.Settled() || stopping && s.inFlight == 0
	s.publish(!ended && s.started)
	s.answerRequests(nil)
	if s.idle {
		s.releaseAdmission()
	}
	return !ended
}

// mostTogether is how many outcomes the mailbox has room for from the beginning, if so many may come.
const maxOutcomeRoom = 16

// dispatch has all jobs done that are due, except for one, which it returns.
func (s *execution) dispatch() (task actionTask, ok bool) {
	n := len(s.runnable)
	if n == 0 {
		return actionTask{}, false
	}
	s.inFlight += n
	s.coordinator.running.Add(n)
	s.coordinator.pool.submitAll(s, s.runnable[1:])
	task = s.runnable[0]
	s.runnable = s.runnable[:0]
	return task, true
}

// yield lets the workers that are about to report do so, so that their outcomes share an append. It waits for none.
func (s *execution) yieldToWorkers() {
	const most = 3 // more is not worth it: the first append takes longer than that
	for range min(s.inFlight-1, most) {
		runtime.Gosched()
	}
}

// reply tells all whose requests are durable, or can't be.
func (s *execution) answerRequests(err error) {
	for _, r := range s.unanswered {
		r.answer(err)
	}
	s.unanswered = s.unanswered[:0]
}

// receive takes outcomes; those that come together share an append.
func (s *execution) receive(outcomes []outcome) {
	for _, o := range outcomes {
		s.inFlight--
		if o.kind != 0 {
			s.apply(o.task.Node, o.kind, o.payload)
		}
	}
}

// settled reports whether the saga has come to rest, as far as this coordinator knows.
func (s *execution) isSettled() bool {
	v, shown := s.snapshot.load()
	return shown && v.state.Settled()
}

// result returns what the saga came to. It may be called after done, if the saga is settled.
func (s *execution) result() (saga.Outputs, error) {
	return result(&saga.Log{ID: s.id, DAG: s.dag, Events: s.events}, s.storedState, s.machine.Outputs())
}
