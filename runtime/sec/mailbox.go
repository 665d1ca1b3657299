package sec

import "sync"

// mailbox is how others reach the goroutine that owns a saga. Whoever posts never waits.
type mailbox struct {
	mu       sync.Mutex
	outcomes []outcome
	requests []request
	closed   bool

	// wake has room for one, which stands for any number of posts.
	wake chan struct{}
}

func newMailbox() mailbox { return mailbox{wake: make(chan struct{}, 1)} }

// report posts what a worker came to. It is lost if the owner is gone, as is what the worker did: it will be
// called again.
func (m *mailbox) report(o outcome) {
	m.mu.Lock()
	m.outcomes = append(m.outcomes, o)
	m.mu.Unlock()
	m.nudge()
}

// ask posts a request, and reports false if the owner is gone and nobody will reply.
func (m *mailbox) ask(r request) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.requests = append(m.requests, r)
	m.nudge()
	return true
}

// nudge wakes the owner, to look at its mail and at whether the coordinator is shutting down.
func (m *mailbox) nudge() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take returns what has been posted since the last call. The outcomes are valid until the next one.
func (m *mailbox) take(buffer []outcome) ([]outcome, []request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	outcomes, requests := m.outcomes, m.requests
	m.outcomes, m.requests = buffer[:0], nil
	return outcomes, requests
}

// close refuses further requests, and returns those that nobody will serve.
func (m *mailbox) close() []request {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return m.requests
}
