package sec

import "sync"

// mailbox is how others reach a saga. Whoever posts never waits. A saga has no goroutine of its own: of those who post
// when nobody attends to the saga, the first has to see to it that somebody does. At any time at most one goroutine attends, and
// what it owns passes on to the next one with the mailbox's lock.
type mailbox struct {
	mu       sync.Mutex
	outcomes []outcome
	requests []request
	// nudged says that the saga is to look at the coordinator; granted, that it was given a slot.
	woken, admitted bool
	// attended says that somebody attends, or will.
	scheduled   bool
	closed      bool
	outstanding int // workers who had not reported when the mailbox was closed, and haven't yet
}

// open makes the mailbox that of a saga which is attended to by the caller, and gives it room for outcomes.
func (m *mailbox) init(room []outcome) { m.scheduled, m.outcomes = true, room }

// attend reports whether the caller has to see to it that somebody attends. It is called with the lock held.
func (m *mailbox) schedule() bool {
	first := !m.scheduled && !m.closed
	m.scheduled = true
	return first
}

// report posts what a worker came to, and reports whether the caller has to attend. It is lost if the saga is gone, as is what
// the worker did: it will be called again. Of those who come after that, it tells the last one.
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

// ask posts a request, and reports whether somebody will reply, and whether the caller has to see to it.
func (m *mailbox) post(r request) (ok, schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, false
	}
	m.requests = append(m.requests, r)
	return true, m.schedule()
}

// nudge has the saga look at the coordinator: it is shutting down, or has lost its tenure.
func (m *mailbox) wake() (schedule bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.woken = true
	return m.schedule()
}

// grant gives the saga a slot, and reports false if it is gone.
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

// take returns what has been posted since the last call. The outcomes are valid until the next one, which is given them.
func (m *mailbox) take(last []outcome) mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	posted := mail{m.outcomes, m.requests, m.admitted}
	m.outcomes, m.requests, m.admitted, m.woken = last[:0], nil, false, false
	return posted
}

// leave ends the caller's attendance, unless something has been posted. It reports whether it has.
func (m *mailbox) stopDriving() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.outcomes) > 0 || len(m.requests) > 0 || m.woken || m.admitted {
		return false
	}
	m.scheduled = false
	return true
}

// close refuses further requests, and returns what nobody will look at, and how many workers are away, of those that were flying.
func (m *mailbox) close(inFlight int) (left mail, outstanding int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.outstanding = true, inFlight-len(m.outcomes)
	return mail{requests: m.requests, admitted: m.admitted}, m.outstanding
}
