package sec

import (
	"fmt"
	"runtime"

	saga "github.com/sagagen/sagagen/runtime"
)

// run owns the saga until it is settled or lost, or the coordinator shuts down. If first is
// not nil, that is done before anything else.
func (s *instance) run(first *request) {
	c := s.coordinator
	defer c.release(s)
	defer s.reply(saga.ErrShutdown)
	s.clock = now()
	if first != nil {
		s.serve(*first)
	}
	var outcomes []outcome
	var requests []request
	for {
		stopping := c.isStopped()
		s.idle = false
		if s.started && !stopping && s.admit() {
			s.advance()
			s.idle = s.flying == 0 && len(s.todo) == 0 // an operator holds it, or it has settled
		}
		if err := s.flush(); err != nil {
			s.config().Logger.Warn("saga given up", "saga", s.id, "name", s.dag.Name(), "reason", err)
			s.reply(fmt.Errorf("saga %s: %w: %w", s.id, saga.ErrWrongState, err))
			return
		}
		ended := s.stored.Settled() || stopping && s.flying == 0
		s.publish(!ended && s.started)
		s.reply(nil)
		if ended {
			return
		}
		for _, j := range s.todo {
			s.flying++
			c.running.Add(1)
			c.pool.run(duty{saga: s, job: j})
		}
		s.todo = s.todo[:0]
		if s.idle {
			s.dismiss()
		}
		s.sleep()
		if s.tenure.Err() != nil {
			return
		}
		s.yield()
		s.clock = now()
		outcomes, requests = s.mail.take(outcomes)
		s.receive(outcomes)
		for _, r := range requests {
			s.serve(r)
		}
	}
}

// sleep waits for mail, or for the saga's turn to run.
func (s *instance) sleep() {
	if s.coordinator.slots == nil {
		<-s.mail.wake
		return
	}
	select {
	case s.slots() <- struct{}{}:
		s.admitted = true
	case <-s.mail.wake:
	}
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
	for _, r := range s.replies {
		r <- err
	}
	s.replies = s.replies[:0]
}

// receive takes outcomes; those that come together share an append.
func (s *instance) receive(outcomes []outcome) {
	for _, o := range outcomes {
		s.flying--
		if o.kind != 0 && !s.machine.State().Final() {
			s.apply(o.task.Node, o.kind, o.payload)
		}
	}
}

// settled reports whether the saga has come to rest, as far as this coordinator knows.
func (s *instance) settled() bool {
	v := s.view.Load()
	return v != nil && v.state.Settled()
}

// result returns what the saga came to. It may be called after done, if the saga is settled.
func (s *instance) result() (saga.Outputs, error) {
	return result(&saga.Log{ID: s.id, DAG: s.dag, Events: s.events}, s.stored, s.machine.Outputs())
}
