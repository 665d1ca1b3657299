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
	// maxReleased is how many released sagas are remembered. Their IDs go with
	// each claim.
	maxReleased = 1000
	// minTime is how long each of them is remembered at least. If there are
	// maxReleased already, further parked sagas wait. Otherwise coordinators of
	// which none has the code would hand them back and forth all the time.
	minTime = time.Minute
)

// Handoff is a saga that a coordinator has released.
type Handoff struct {
	// Generation is that with which the saga was seen to be unowned, or 0 if it
	// has been claimed since.
	Generation uint64
	At         time.Time
	Reason     error // wraps saga.ErrParked
}

// Handoffs has the sagas that are to be released, as values of type T, and
// those that have been. A coordinator doesn't claim these again by itself, as
// its registry doesn't change. The zero value is ready to use. A Handoffs is
// safe for concurrent use: the lock guards all fields.
type Handoffs[T any] struct {
	mu       sync.Mutex
	parked   []T // parked and still owned
	released map[saga.ID]Handoff
	ids      []saga.ID // of released, oldest first
}

// AddParked notes a saga that is to be released.
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

// Add notes that a saga is released, and reports true. It may forget the oldest
// one to make room, and reports false if that isn't allowed yet.
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

// Find returns the handoff of an unowned saga, and notes the generation of the
// record. Either no coordinator has claimed the saga since, or the one that did
// has released it, too.
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

// MarkClaimed notes that a saga is owned again, unless its generation is
// except. It reports whether that is new. The saga is still left to other
// coordinators.
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

// Released returns the IDs of all sagas that were released, oldest first, nil
// if there are none.
func (h *Handoffs[T]) Released() []saga.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ids)
}
