package sec

import "sync"

// mailbox is how other goroutines reach an execution. Posting never blocks. The
// first goroutine that posts while there is no driver must schedule one; the
// methods report this as schedule. All later posts are left to that driver. The
// driver's state passes to the next driver with the mailbox's lock.
type mailbox struct {
	mu       sync.Mutex
	outcomes []outcome
	requests []request
	// woken says that the driver must look at the coordinator, which shuts down
	// or has lost its lease session. admitted says that the saga was admitted.
	woken, admitted bool
	// scheduled says that there is a driver, or will be.
	scheduled bool
	closed    bool
	// outstanding counts the tasks that had not reported when the mailbox was
	// closed, and still haven't.
	outstanding int
}

// init makes the caller the driver, and provides memory for outcomes.
func (m *mailbox) init(room []outcome) { m.scheduled, m.outcomes = true, room }

// schedule reports whether the caller has to schedule a driver. The caller
// holds the lock.
func (m *mailbox) schedule() bool {
	first := !m.scheduled && !m.closed
	m.scheduled = true
	return first
}

// report posts the outcome of a task. If the mailbox is closed, the outcome is
// lost, and the task will be run again by the next owner; last reports that no
// other task is outstanding.
func (m *mailbox) report(o outcome) (schedule, last bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		m.outstanding--
		return false, m.outstanding == 0
	}
	m.outcomes = append(m.outcomes, o)
	return m.schedule(), false
}

// post posts a request. It reports false if the mailbox is closed and the
// request won't be answered.
func (m *mailbox) post(r request) (ok, schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	m.requests = append(m.requests, r)
	return true, m.schedule()
}

// wake makes the driver look at the coordinator.
func (m *mailbox) wake() (schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.woken = true
	return m.schedule()
}

// admit tells the driver that the saga was admitted. It reports false if the
// mailbox is closed.
func (m *mailbox) admit() (ok, schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	m.admitted = true
	return true, m.schedule()
}

// mail is what has been posted.
type mail struct {
	outcomes []outcome
	requests []request
	admitted bool
}

// take returns what has been posted since the last call. The outcomes are valid
// until the next call, which gets their memory back as last.
func (m *mailbox) take(last []outcome) mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	posted := mail{m.outcomes, m.requests, m.admitted}
	m.outcomes, m.requests, m.admitted, m.woken = last[:0], nil, false, false
	return posted
}

// stopDriving ends the caller's part as driver and reports true, unless
// something has been posted.
func (m *mailbox) stopDriving() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.outcomes) > 0 || len(m.requests) > 0 || m.woken || m.admitted {
		return false
	}
	m.scheduled = false
	return true
}

// close closes the mailbox. It returns the requests and the admission that no
// driver has taken, and the number of tasks that have not reported, of
// inFlight.
func (m *mailbox) close(inFlight int) (left mail, outstanding int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.outstanding = true, inFlight-len(m.outcomes)
	return mail{requests: m.requests, admitted: m.admitted}, m.outstanding
}
