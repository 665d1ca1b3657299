// Package admission limits how many sagas run at once.
package admission

import "sync"

// Admission has a number of places. Those who wait for one are admitted in the
// order in which they came.
//
// A nil Admission has no limit; only Available may be called. An Admission is
// safe for concurrent use. It has no goroutine: the caller of Release admits
// the next one.
type Admission[T any] struct {
	// These are constant. They are called with the lock held, and must not call
	// the Admission.
	admit func(T) bool
	room  func()

	// mu guards the fields below.
	mu   sync.Mutex
	free int
	// waiting holds those who wait, the next one first. One that is no longer
	// interested stays in it until its turn comes, and is skipped then.
	waiting []T
	// starved says that Available has returned 0 since there was room last.
	starved bool
}

// New returns an admission of n, or nil if n is 0, which means no limit. admit
// tells one that has waited that it is admitted. It returns false if the place
// is no longer needed. room is called when there is a place again after
// Available has returned 0.
func New[T any](n int, admit func(T) bool, room func()) *Admission[T] {
	if n == 0 {
		return nil
	}
	return &Admission[T]{admit: admit, room: room, free: n}
}

// Available returns how many places are free, at most most.
func (a *Admission[T]) Available(most int) int {
	if a == nil {
		return most
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.starved = a.free == 0
	return min(most, a.free)
}

// Acquire reports whether v is admitted. If not, and if wait is set, it is
// admitted later by a Release.
func (a *Admission[T]) Acquire(v T, wait bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.free > 0 {
		a.free--
		return true
	}
	if wait {
		a.waiting = append(a.waiting, v)
	}
	return false
}

// Release gives a place to the one that has waited longest.
func (a *Admission[T]) Release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) > 0 {
		var none T
		v := a.waiting[0]
		a.waiting[0] = none // or else it would be kept in memory
		a.waiting = a.waiting[1:]
		if a.admit(v) {
			return
		}
	}
	a.free++
	if a.starved {
		a.room()
	}
}
