package sec

import "sync"

// admission limits the number of sagas that run at once. Sagas that wait are
// admitted in the order in which they came. The lock guards all fields.
type admission struct {
	mu   sync.Mutex
	free int
	// waiting holds the sagas that wait, the next one first. A saga that was
	// released stays in it until its turn comes, and is skipped then.
	waiting []*execution
	// starved says that the poller left sagas to other coordinators as there
	// was no room for them. It is woken when there is.
	starved bool
}

// newAdmission returns an admission of n sagas, or nil if n is 0, which means
// no limit.
func newAdmission(n int) *admission {
	if n == 0 {
		return nil
	}
	return &admission{free: n}
}

// available returns how many more sagas may run, at most most. If none may, the
// poller is woken by the next release.
func (a *admission) available(most int) int {
	if a == nil {
		return most
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.starved = a.free == 0
	return min(most, a.free)
}

// acquire reports whether the saga is admitted. If not, and if wait is set, it
// is admitted later by a release.
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

// release admits the saga that has waited longest.
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

// admit acquires an admission, unless the saga has one or waits for one
// already. It reports whether the saga has one.
func (s *execution) admit(wait bool) bool {
	switch {
	case s.admitted || s.coordinator.admission == nil:
		return true
	case s.awaitsAdmission: // it may have been admitted; the mail says so
		return false
	}
	s.admitted = s.coordinator.admission.acquire(s, wait)
	s.awaitsAdmission = wait && !s.admitted
	return s.admitted
}

// noteAdmission notes that the admission for which the saga waited has arrived.
func (s *execution) noteAdmission() { s.admitted, s.awaitsAdmission = true, false }

// releaseAdmission releases the saga's admission, if it has one.
func (s *execution) releaseAdmission() {
	if s.admitted {
		s.admitted = false
		s.coordinator.admission.release(s.coordinator)
	}
}
