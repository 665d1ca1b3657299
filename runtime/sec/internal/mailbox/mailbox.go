// Package mailbox lets many goroutines send to a state machine that at most one
// goroutine uses at a time.
package mailbox

import "sync"

// Mailbox holds what goroutines send to an execution. Posting never blocks. The
// goroutine that uses the execution's state is its driver. The first goroutine
// that posts while there is no driver must schedule one; the methods report
// this as schedule. All later posts are left to that driver. The driver's state
// passes to the next driver with the mailbox's lock.
//
// A Mailbox is made with Init. Its posting methods, Report, Post, Wake and
// Admit, are safe for concurrent use. Take, StopDriving and Close are for the
// driver. The lock guards all fields.
type Mailbox[Outcome, Request any] struct {
	mu       sync.Mutex
	outcomes []Outcome
	requests []Request
	// woken says that the driver must check for other changes. admitted says
	// that the execution was admitted.
	woken, admitted bool
	// scheduled says that there is a driver, or will be.
	scheduled bool
	closed    bool
	// outstanding counts the tasks that had not reported when the mailbox was
	// closed, and still haven't.
	outstanding int
}

// Mail is what has been posted.
type Mail[Outcome, Request any] struct {
	Outcomes []Outcome
	Requests []Request
	Admitted bool
}

// Init makes the caller the driver, and provides memory for outcomes.
func (m *Mailbox[Outcome, Request]) Init(room []Outcome) { m.scheduled, m.outcomes = true, room }

// Report posts the outcome of a task. If the mailbox is closed, the outcome is
// lost; last reports that no other task is outstanding then.
func (m *Mailbox[Outcome, Request]) Report(o Outcome) (schedule, last bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		m.outstanding--
		return false, m.outstanding == 0
	}
	m.outcomes = append(m.outcomes, o)
	return m.schedule(), false
}

// Post posts a request. It reports false if the mailbox is closed and the
// request won't be answered.
func (m *Mailbox[Outcome, Request]) Post(r Request) (ok, schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	m.requests = append(m.requests, r)
	return true, m.schedule()
}

// Wake makes the driver take the mail even if there is none, so that it checks
// for other changes, such as the end of the lease session.
func (m *Mailbox[Outcome, Request]) Wake() (schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.woken = true
	return m.schedule()
}

// Admit tells the driver that the execution was admitted. It reports false if
// the mailbox is closed.
func (m *Mailbox[Outcome, Request]) Admit() (ok, schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	m.admitted = true
	return true, m.schedule()
}

// schedule reports whether the caller has to schedule a driver. The caller
// holds the lock.
func (m *Mailbox[Outcome, Request]) schedule() bool {
	first := !m.scheduled && !m.closed
	m.scheduled = true
	return first
}

// Take returns what has been posted since the last call. The outcomes are valid
// until the next call, which gets their memory back as last.
func (m *Mailbox[Outcome, Request]) Take(last []Outcome) Mail[Outcome, Request] {
	m.mu.Lock()
	defer m.mu.Unlock()
	posted := Mail[Outcome, Request]{m.outcomes, m.requests, m.admitted}
	m.outcomes, m.requests, m.admitted, m.woken = last[:0], nil, false, false
	return posted
}

// StopDriving reports whether the caller is no longer the driver. If something
// has been posted, it reports false, and the caller remains the driver.
func (m *Mailbox[Outcome, Request]) StopDriving() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.outcomes) > 0 || len(m.requests) > 0 || m.woken || m.admitted {
		return false
	}
	m.scheduled = false
	return true
}

// Close closes the mailbox. It returns the requests and the admission that no
// driver has taken. Of inFlight tasks, it returns the number that have not
// reported yet.
func (m *Mailbox[Outcome, Request]) Close(inFlight int) (left Mail[Outcome, Request], outstanding int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.outstanding = true, inFlight-len(m.outcomes)
	return Mail[Outcome, Request]{Requests: m.requests, Admitted: m.admitted}, m.outstanding
}
