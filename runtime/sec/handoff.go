package sec

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

const (
	// maxHandoffs is how many handed-off sagas a coordinator remembers. Their
	// IDs go with each of its claims.
	maxHandoffs = 1000
	// minHandoffTime is how long each of them is remembered at least. If there
	// are maxHandoffs already, further parked sagas wait. Otherwise
	// coordinators of which none has the code would hand them back and forth
	// all the time.
	minHandoffTime = time.Minute
)

// handoffs are the sagas that a coordinator can't run and leaves to other
// coordinators. It doesn't claim them again by itself, as its registry doesn't
// change. Its lock guards all fields.
type handoffs struct {
	mu       sync.Mutex
	parked   []*execution // parked and still owned
	released map[saga.ID]handoff
	ids      []saga.ID // of released, oldest first
}

// handoff is a saga that a coordinator has released.
type handoff struct {
	// generation is that with which the saga was seen to be unowned, or 0 if it
	// has been claimed since.
	generation uint64
	at         time.Time
	reason     error // wraps saga.ErrParked
}

// handOffParked releases the parked sagas, so that a coordinator with the right
// code can claim them. Only pollLoop calls it, as it alone makes the claims
// that leave out what was handed off. Without leases, a coordinator can't know
// whether others run, and hands nothing off.
func (c *Coordinator) handOffParked() {
	parked := c.handoffs.takeParked()
	for i, s := range parked {
		// The saga was released since, with its lease session for example, and
		// may have to be claimed again.
		if c.lookup(s.id) != s {
			c.handoffs.forget(s.id)
			continue
		}
		if c.isStopped() || !c.handOff(s) {
			c.handoffs.returnParked(parked[i:]) // the next poll tries again
			return
		}
	}
}

// handOff releases a parked saga. It reports whether this coordinator has given
// it up. The saga isn't claimed again from the attempt on, as a release that
// seems to fail may have succeeded.
func (c *Coordinator) handOff(s *execution) bool {
	v, _ := s.snapshot.load()
	if !c.handoffs.add(s.id, handoff{s.generation + 1, time.Now(), v.parked}) {
		return false
	}
	err := c.client.withStore(s.session, func(ctx context.Context, st store.Store) error {
		return st.Release(ctx, s.id, s.generation)
	})
	switch {
	// An earlier attempt has released it, or another coordinator owns it.
	case errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
	case err != nil:
		c.config.Logger.Warn("releasing a parked saga failed; retrying", "saga", s.id, "error", err)
		return false
	}
	c.release(s)
	c.config.Logger.Info("parked saga released for another coordinator", "saga", s.id, "error", v.parked)
	return true
}

// handedOff returns the handoff of an unowned saga. Either no coordinator has
// claimed the saga since, or the one that did has released it, too.
func (c *Coordinator) handedOff(record *saga.Record) (handoff, bool) {
	c.handoffs.mu.Lock()
	defer c.handoffs.mu.Unlock()
	h, ok := c.handoffs.released[record.ID]
	if !ok || record.Owner != "" || record.State.Final() {
		return handoff{}, false
	}
	h.generation = record.Generation
	c.handoffs.released[record.ID] = h
	return h, true
}

// addParked notes a saga that is to be handed off.
func (hs *handoffs) addParked(s *execution) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.parked = append(hs.parked, s)
}

// takeParked returns the sagas that are to be handed off, and clears the list.
func (hs *handoffs) takeParked() []*execution {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	parked := hs.parked
	hs.parked = nil
	return parked
}

// returnParked puts sagas back in front of those that were parked meanwhile. Of
// two executions of a saga, the older one must come first.
func (hs *handoffs) returnParked(parked []*execution) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.parked = append(parked, hs.parked...)
}

// add notes a handoff and reports true. It may forget the oldest one to make
// room, and reports false if that isn't allowed yet.
func (hs *handoffs) add(id saga.ID, h handoff) bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if _, again := hs.released[id]; again {
		hs.ids = slices.DeleteFunc(hs.ids, func(other saga.ID) bool { return other == id })
	}
	if len(hs.ids) == maxHandoffs {
		oldest := hs.ids[0]
		if h.at.Sub(hs.released[oldest].at) < minHandoffTime {
			return false
		}
		delete(hs.released, oldest)
		hs.ids = slices.Delete(hs.ids, 0, 1)
	}
	if hs.released == nil {
		hs.released = map[saga.ID]handoff{}
	}
	hs.released[id] = h
	hs.ids = append(hs.ids, id)
	return true
}

// markClaimed notes that a saga is owned again, unless its generation is
// except. It reports whether that is new. The saga is still left to other
// coordinators.
func (hs *handoffs) markClaimed(id saga.ID, except uint64) bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h, ok := hs.released[id]
	if !ok || h.generation == except || h.generation == 0 {
		return false
	}
	h.generation = 0
	hs.released[id] = h
	return true
}

// forget removes a handoff that may not have happened.
func (hs *handoffs) forget(id saga.ID) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if _, ok := hs.released[id]; ok {
		delete(hs.released, id)
		hs.ids = slices.DeleteFunc(hs.ids, func(other saga.ID) bool { return other == id })
	}
}

// releasedIDs returns the IDs of all sagas that were handed off, nil if there
// are none.
func (hs *handoffs) releasedIDs() []saga.ID {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return slices.Clone(hs.ids)
}
