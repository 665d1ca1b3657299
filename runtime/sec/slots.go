package sec

import "sync"

// slots are the places of the sagas that may run at once. Those that wait get them in the order in which they came.
type slots struct {
	mu   sync.Mutex
	free int
	// waiting are the sagas that wait, the next one first. One that is gone stays in it until its turn comes, and is passed over.
	waiting []*instance
	// short says that the coordinator left sagas to others for want of a slot. It is then woken when one becomes free.
	short bool
}

// newSlots returns n slots, or nil if there is no limit.
func newSlots(n int) *slots {
	if n == 0 {
		return nil
	}
	return &slots{free: n}
}

// left returns how many are free, at most as many as asked for, and notes if that is none.
func (q *slots) left(most int) int {
	if q == nil {
		return most
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.short = q.free == 0
	return min(most, q.free)
}

// take takes a slot. If there's none, the saga is granted one later if it wants to wait.
func (q *slots) take(s *instance, wait bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return true
	}
	if wait {
		q.waiting = append(q.waiting, s)
	}
	return false
}

// give gives a slot back, to the saga that has waited longest.
func (q *slots) give(c *Coordinator) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) > 0 {
		s := q.waiting[0]
		q.waiting[0] = nil // or else it would be kept in memory
		q.waiting = q.waiting[1:]
		if ok, attend := s.mail.grant(); ok {
			if attend {
				c.attendTo(s)
			}
			return
		}
	}
	q.free++
	if q.short {
		c.wake()
	}
}

// admit takes one of the coordinator's slots, if the saga has none, and doesn't wait for one already. It reports whether the saga has one.
func (s *instance) admit(wait bool) bool {
	switch {
	case s.admitted || s.coordinator.slots == nil:
		return true
	case s.waits: // it may have been granted one, which comes with the mail
		return false
	}
	s.admitted = s.coordinator.slots.take(s, wait)
	s.waits = wait && !s.admitted
	return s.admitted
}

// granted notes that the saga was granted the slot for which it waited.
func (s *instance) granted() { s.admitted, s.waits = true, false }

// dismiss gives the slot back.
func (s *instance) dismiss() {
	if s.admitted {
		s.admitted = false
		s.coordinator.slots.give(s.coordinator)
	}
}
