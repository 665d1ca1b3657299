// Package admission limits how many sagas run at once.
package admission

import "sync"

// Admission admits a limited number of sagas at a time, in the order in which
// they began to wait. A saga is a value of type T.
//
// A nil Admission has no limit; only Available may be called. An Admission is
// safe for concurrent use. It has no goroutine: the caller of Release admits
// the next saga.
type Admission[T any] struct {
	// These functions are constant. They are called with the lock held, and
	// must not call the Admission.
	admit func(T) bool
	room  func()

	// mu guards the fields below.
	mu   sync.Mutex
	free int
	// waiting holds the sagas that wait, the next one first. A saga that was
	// released meanwhile is skipped when its turn comes.
	waiting []T
	// starved says that the last Available has returned 0.
	starved bool
}

// New returns an Admission of n sagas, or nil if n is 0, which means no limit.
// admit notifies a waiting saga that it is admitted. It returns false if the
// saga no longer needs that. room is called when more sagas can be admitted and
// the last Available has returned 0.
func New[T any](n int, admit func(T) bool, room func()) *Admission[T] {
	if n == 0 {
		return nil
	}
	return &Admission[T]{admit: admit, room: room, free: n}
}

// Available returns how many more sagas can be admitted, and at most the number
// most.
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

// Release ends the admission of one saga, and admits the one that has waited
// longest.
func (a *Admission[T]) Release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) > 0 {
		var none T
		v := a.waiting[0]
		a.waiting[0] = none // so that it can be freed
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
