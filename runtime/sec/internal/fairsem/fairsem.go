// Package fairsem implements semaphores that are fair to groups of callers.
package fairsem

import (
	"slices"
	"sync"
)

// Semaphore limits the number of holders at a time. It is fair to keys: callers
// with different keys take turns, so that a key with a thousand waiting callers
// doesn't block a key with one.
//
// A nil Semaphore has no limit. A Semaphore is safe for concurrent use: the
// lock guards all fields. It has no goroutine; the caller of Release decides
// who is next.
type Semaphore[K comparable] struct {
	mu   sync.Mutex
	free int
	// queue holds each key with waiting callers once, the next one first.
	// waiters holds the waiting callers of each key.
	queue   []K
	waiters map[K][]chan struct{}
}

// New returns a semaphore, or nil if limit is not positive.
func New[K comparable](limit int) *Semaphore[K] {
	if limit <= 0 {
		return nil
	}
	return &Semaphore[K]{free: limit, waiters: map[K][]chan struct{}{}}
}

// Acquire acquires the semaphore for a caller with the key. It returns nil if
// it succeeds at once, and otherwise a channel that is closed when the caller
// has acquired the semaphore. A caller that stops waiting calls Cancel.
func (s *Semaphore[K]) Acquire(key K) (ready <-chan struct{}) {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free > 0 {
		s.free--
		return nil
	}
	waiter := make(chan struct{})
	if len(s.waiters[key]) == 0 {
		s.queue = append(s.queue, key)
	}
	s.waiters[key] = append(s.waiters[key], waiter)
	return waiter
}

// Cancel gives up an Acquire that has returned a channel. If the channel has
// been closed meanwhile, Cancel releases the semaphore.
func (s *Semaphore[K]) Cancel(key K, ready <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiters := s.waiters[key]
	i := slices.IndexFunc(waiters, func(waiter chan struct{}) bool { return waiter == ready })
	if i < 0 {
		s.passOn()
		return
	}
	s.waiters[key] = slices.Delete(waiters, i, i+1)
	if len(s.waiters[key]) == 0 {
		delete(s.waiters, key)
		s.queue = slices.DeleteFunc(s.queue, func(other K) bool { return other == key })
	}
}

// Release releases the semaphore. The next waiting caller acquires it.
func (s *Semaphore[K]) Release() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passOn()
}

// passOn is Release for a caller that holds the lock.
func (s *Semaphore[K]) passOn() {
	if len(s.queue) == 0 {
		s.free++
		return
	}
	key := s.queue[0]
	s.queue = s.queue[1:]
	waiters := s.waiters[key]
	close(waiters[0])
	if len(waiters) > 1 {
		s.waiters[key] = waiters[1:]
		s.queue = append(s.queue, key)
	} else {
		delete(s.waiters, key)
	}
}
