package sec

import (
	saga "github.com/sagagen/sagagen/runtime"
)

// run owns the saga until it is settled or lost, or the coordinator shuts down.
func (s *instance) run() {
	c := s.coordinator
	defer c.release(s)
	stopping := c.stopping // nil once it's closed
	for {
		if stopping != nil {
			s.advance()
		}
		if err := s.flush(); err != nil {
			s.config().Logger.Warn("saga given up", "saga", s.id, "name", s.dag.Name(), "reason", err)
			return
		}
		ended := s.stored.Settled() || stopping == nil && s.flying == 0
		s.publish(!ended)
		s.begin()
		if ended {
			return
		}
		for _, j := range s.todo {
			s.flying++
			go s.work(j)
		}
		s.todo = s.todo[:0]
		select {
		case o := <-s.outcomes:
			s.receive(o)
		case <-stopping:
			stopping = nil
		case <-c.alive.Done():
			return
		}
	}
}

// begin tells those that wait for the saga's start to be durable.
func (s *instance) begin() {
	select {
	case <-s.begun:
	default:
		close(s.begun)
	}
}

// receive takes an outcome, and all others that are there by now, so that they share an append.
func (s *instance) receive(o outcome) {
	for {
		s.flying--
		if o.kind != 0 {
			s.apply(o.task.Node, o.kind, o.payload)
		}
		select {
		case o = <-s.outcomes:
		default:
			return
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
	return result(s.id, s.dag, s.machine.State(), s.machine.Outputs(), s.events)
}
