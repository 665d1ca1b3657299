// Package handoff remembers the sagas that a coordinator can't run and leaves
// to other coordinators.
package handoff

import (
	"slices"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

const (
	// maxReleased is how many released sagas are remembered. Each claim carries
	// their IDs.
	maxReleased = 1000
	// minTime is how long each of them is remembered at least. If there are
	// maxReleased already, further parked sagas wait. Without that time,
	// coordinators that all lack the code would pass the sagas back and forth
	// continuously.
	minTime = time.Minute
)

// Handoff is a saga that a coordinator has released.
type Handoff struct {
	// Generation is the generation in which the saga was last seen unowned, or
	// 0 if it has been claimed since.
	Generation uint64
	// At is when the saga was released.
	At time.Time
	// Reason is why it was parked. It wraps saga.ErrParked.
	Reason error
}

// Handoffs holds the sagas that a coordinator will release, as values of type
// T, and those that it has released. The coordinator excludes released sagas
// from its claims, because its registry doesn't change. The zero value is ready
// to use. A Handoffs is safe for concurrent use: the lock guards all fields.
type Handoffs[T any] struct {
	mu       sync.Mutex
	parked   []T // parked and still owned
	released map[saga.ID]Handoff
	ids      []saga.ID // of released, oldest first
}

// AddParked adds a saga that is to be released.
func (h *Handoffs[T]) AddParked(s T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parked = append(h.parked, s)
}

// TakeParked returns the sagas that are to be released, and clears the list.
func (h *Handoffs[T]) TakeParked() []T {
	h.mu.Lock()
	defer h.mu.Unlock()
	parked := h.parked
	h.parked = nil
	return parked
}

// ReturnParked puts sagas back in front of those that were parked meanwhile. Of
// two values for a saga, the older one must come first.
func (h *Handoffs[T]) ReturnParked(parked []T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parked = append(parked, h.parked...)
}

// Add records the release of a saga. If too many sagas are remembered, it
// forgets the oldest one, or does nothing and reports false if it must still
// remember that one.
func (h *Handoffs[T]) Add(id saga.ID, added Handoff) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(id)
	if len(h.ids) == maxReleased {
		oldest := h.ids[0]
		if added.At.Sub(h.released[oldest].At) < minTime {
			return false
		}
		delete(h.released, oldest)
		h.ids = slices.Delete(h.ids, 0, 1)
	}
	if h.released == nil {
		h.released = map[saga.ID]Handoff{}
	}
	h.released[id] = added
	h.ids = append(h.ids, id)
	return true
}

// Find returns the handoff of a saga that is unowned, and records its
// generation. Either no coordinator has claimed the saga since the handoff, or
// the one that did has released it too.
func (h *Handoffs[T]) Find(record *saga.Record) (Handoff, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found, ok := h.released[record.ID]
	if !ok || record.Owner != "" || record.State.Final() {
		return Handoff{}, false
	}
	found.Generation = record.Generation
	h.released[record.ID] = found
	return found, true
}

// MarkClaimed records that a saga is owned again, unless its generation is
// except. It reports whether it has recorded that now. The saga remains
// excluded from claims.
func (h *Handoffs[T]) MarkClaimed(id saga.ID, except uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	found, ok := h.released[id]
	if !ok || found.Generation == except || found.Generation == 0 {
		return false
	}
	found.Generation = 0
	h.released[id] = found
	return true
}

// Forget removes a handoff that may not have happened.
func (h *Handoffs[T]) Forget(id saga.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(id)
}

// remove is Forget for a caller that holds the lock.
func (h *Handoffs[T]) remove(id saga.ID) {
	if _, ok := h.released[id]; ok {
		delete(h.released, id)
		h.ids = slices.DeleteFunc(h.ids, func(other saga.ID) bool { return other == id })
	}
}

// Released returns the IDs of the released sagas, oldest first; nil if there
// are none.
func (h *Handoffs[T]) Released() []saga.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ids)
}
