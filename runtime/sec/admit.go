package sec

// admit takes one of the coordinator's slots, if the saga has none and one is free. It reports
// whether the saga has one.
func (s *instance) admit() bool {
	if s.admitted || s.coordinator.slots == nil {
		return true
	}
	select {
	case s.coordinator.slots <- struct{}{}:
		s.admitted = true
	default:
	}
	return s.admitted
}

// dismiss gives the slot back.
func (s *instance) dismiss() {
	if s.admitted {
		s.admitted = false
		<-s.coordinator.slots
	}
}

// slots returns what the saga waits at for its turn to run: nil, at which nothing ever happens, unless it waits.
func (s *instance) slots() chan<- struct{} {
	if !s.started || s.admitted || s.idle {
		return nil
	}
	return s.coordinator.slots
}
