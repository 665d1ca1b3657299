package sec

import "sync"

// slots are the places of the sagas that may run at once. Those that wait get them in the order in which they came.
type admission struct {
	mu   sync.Mutex
	free int
	// waiting are the sagas that wait, the next one first. One that is gone stays in it until its turn comes, and is passed over.
	waiting []*execution
	// short says that the coordinator left sagas to others for want of a slot. It is then woken when one becomes free.
	starved bool
}

// newSlots returns n slots, or nil if there is no limit.
func newAdmission(n int) *admission {
	if n == 0 {
		return nil
	}
	return &admission{free: n}
}

// left returns how many are free, at most as many as asked for, and notes if that is none.
func (a *admission) available(most int) int {
	if a == nil {
		return most
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.starved = a.free == 0
	return min(most, a.free)
}

// take takes a slot. If there's none, the saga is granted one later if it wants to wait.
func (a *admission) acquire(s *execution, wait bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.free > 0 {
		a.free--
		return true
	}
	if wait {
		a.waiting = append(a.waiting, s)
	}
	return false
}

// give gives a slot back, to the saga that has waited longest.
func (a *admission) release(c *Coordinator) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) > 0 {
		s := a.waiting[0]
		a.waiting[0] = nil // or else it would be kept in memory
		a.waiting = a.waiting[1:]
		if ok, schedule := s.mail.admit(); ok {
			if schedule {
				c.schedule(s)
			}
			return
		}
	}
	a.free++
	if a.starved {
		c.wakePoller()
	}
}

// admit takes one of the coordinator's slots, if the saga has none, and doesn't wait for one already. It reports whether the saga has one.
func (s *execution) admit(wait bool) bool {
	switch {
	case s.admitted || s.coordinator.admission == nil:
		return true
	case s.awaitsAdmission: // it may have been granted one, which comes with the mail
		return false
	}
	s.admitted = s.coordinator.admission.acquire(s, wait)
	s.awaitsAdmission = wait && !s.admitted
	return s.admitted
}

// granted notes that the saga was granted the slot for which it waited.
func (s *execution) noteAdmission() { s.admitted, s.awaitsAdmission = true, false }

// dismiss gives the slot back.
func (s *execution) releaseAdmission() {
	if s.admitted {
		s.admitted = false
		s.coordinator.admission.release(s.coordinator)
	}
}
