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
func (s *instance) attend() (job, bool) {
	for {
		if !s.turn() {
			s.coordinator.release(s)
			return job{}, false
		}
		own, ok := s.dispatch()
		if s.mail.leave() {
			return own, ok
		}
		if ok {
			s.coordinator.pool.run(duty{saga: s, job: own})
		}
	}
}

// begin attends to a saga that was just created. What is due is durable already, so that this takes no turn; but no action is called,
// as the caller is the user's goroutine. If nothing is due, others see why, and wait for a slot if that is it.
func (s *instance) begin() {
	own, ok := s.dispatch()
	if ok {
		s.coordinator.pool.run(duty{saga: s, job: own})
	}
	if !ok || !s.mail.leave() {
		s.coordinator.attendTo(s)
	}
}

// turn takes the mail, and makes durable what follows from it. It reports false when the saga is settled or lost, or the
// coordinator is shutting down and nothing is in flight.
func (s *instance) turn() bool {
	if s.tenure.Err() != nil {
		return false
	}
	s.yield()
	s.clock = now()
	posted := s.mail.take(slices.Grow(s.spare[:0], min(s.flying, mostTogether)))
	s.spare = posted.outcomes
	if posted.granted {
		s.granted()
	}
	s.receive(posted.outcomes)
	for _, r := range posted.requests {
		s.serve(r)
	}
	stopping := s.coordinator.isStopped()
	for {
		s.idle = false
		if s.started && !stopping && s.admit(true) {
			s.advance()
			s.idle = s.flying == 0 && len(s.todo) == 0 // an operator holds it, or it has settled
		}
		err := s.flush()
		if err == nil {
			break
		}
		if o := (overtaken{}); errors.As(err, &o) {
			if err = s.catchUp(o); err == nil {
				continue
			}
		}
		s.config().Logger.Warn("saga given up", "saga", s.id, "name", s.dag.Name(), "reason", err)
		if errors.Is(err, saga.ErrShutdown) {
			s.reply(fmt.Errorf("saga %s: %w; it may be done or not", s.id, err))
		} else {
			s.reply(errGone) // whoever has the saga now is asked
		}
		return false
	}
	ended := s.stored.Settled() || stopping && s.flying == 0
	s.publish(!ended && s.started)
	s.reply(nil)
	if s.idle {
		s.dismiss()
	}
	return !ended
}

// mostTogether is how many outcomes the mailbox has room for from the beginning, if so many may come.
const mostTogether = 16

// dispatch has all jobs done that are due, except for one, which it returns.
func (s *instance) dispatch() (own job, ok bool) {
	n := len(s.todo)
	if n == 0 {
		return job{}, false
	}
	s.flying += n
	s.coordinator.running.Add(n)
	s.coordinator.pool.runJobs(s, s.todo[1:])
	own = s.todo[0]
	s.todo = s.todo[:0]
	return own, true
}

// yield lets the workers that are about to report do so, so that their outcomes share an append. It waits for none.
func (s *instance) yield() {
	const most = 3 // more is not worth it: the first append takes longer than that
	for range min(s.flying-1, most) {
		runtime.Gosched()
	}
}

// reply tells all whose requests are durable, or can't be.
func (s *instance) reply(err error) {
	for _, r := range s.served {
		r.answer(err)
	}
	s.served = s.served[:0]
}

// receive takes outcomes; those that come together share an append.
func (s *instance) receive(outcomes []outcome) {
	for _, o := range outcomes {
		s.flying--
		if o.kind != 0 {
			s.apply(o.task.Node, o.kind, o.payload)
		}
	}
}

// settled reports whether the saga has come to rest, as far as this coordinator knows.
func (s *instance) settled() bool {
	v, shown := s.view.load()
	return shown && v.state.Settled()
}

// result returns what the saga came to. It may be called after done, if the saga is settled.
func (s *instance) result() (saga.Outputs, error) {
	return result(&saga.Log{ID: s.id, DAG: s.dag, Events: s.events}, s.stored, s.machine.Outputs())
}
