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
	// maxOffers is how many sagas a coordinator remembers that it has left to others: as many IDs go with each of its claims.
	maxHandoffs = 1000
	// minOffer is for how long each is remembered at least. Beyond maxOffers, what is parked waits, so that coordinators of which none knows the
	// code don't hand it to and fro all the time.
	minHandoffTime = time.Minute
)

// offers are the sagas that a coordinator can't go on with and leaves to others. It doesn't claim them again by itself: its registry doesn't change.
type handoffs struct {
	mu       sync.Mutex
	parked   []*execution // which are the coordinator's yet
	released map[saga.ID]handoff
	ids      []saga.ID // of made, oldest first
}

// offer is a saga that a coordinator has released.
type handoff struct {
	generation uint64 // with which the saga was seen to be nobody's; 0 if it has been claimed since
	at         time.Time
	reason     error // wraps saga.ErrParked
}

// offerParked makes what is parked nobody's, so that a coordinator whose code fits can claim it. It is lookOut's own, as are the claims that
// leave out what was offered. Without leases it isn't known whether another coordinator runs, and nothing is offered.
func (c *Coordinator) handOffParked() {
	parked := c.handoffs.takeParked()
	for i, s := range parked {
		if c.lookup(s.id) != s { // it has been let go since, with its tenure say, and may have to be claimed again
			c.handoffs.forget(s.id)
			continue
		}
		if c.isStopped() || !c.handOff(s) {
			c.handoffs.returnParked(parked[i:]) // there will be another look
			return
		}
	}
}

// offer makes a parked saga nobody's. It reports whether it isn't this coordinator's any more. From the attempt on the saga isn't claimed again:
// one that seems to fail may have its effect.
func (c *Coordinator) handOff(s *execution) bool {
	v, _ := s.snapshot.load()
	if !c.handoffs.add(s.id, handoff{s.generation + 1, time.Now(), v.parked}) {
		return false
	}
	err := c.client.withStore(s.session, func(ctx context.Context, st store.Store) error { return st.Release(ctx, s.id, s.generation) })
	switch {
	case errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound): // by an attempt before, if it isn't another's
	case err != nil:
		c.config.Logger.Warn("a parked saga can't be released; trying again", "saga", s.id, "error", err)
		return false
	}
	c.release(s)
	c.config.Logger.Info("saga released, for another coordinator to go on with", "saga", s.id, "error", v.parked)
	return true
}

// offered returns the offer of a saga that nobody owns: nobody has claimed it since, or who did has released it, too.
func (c *Coordinator) handedOff(record *store.Record) (handoff, bool) {
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

// park notes a saga that is to be offered.
func (hs *handoffs) addParked(s *execution) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.parked = append(hs.parked, s)
}

// take returns the sagas that are to be offered, and notes that there are none.
func (hs *handoffs) takeParked() []*execution {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	parked := hs.parked
	hs.parked = nil
	return parked
}

// putBack notes again what was taken, before what has come since: of two instances of a saga, the older one must come first.
func (hs *handoffs) returnParked(parked []*execution) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.parked = append(parked, hs.parked...)
}

// add notes an offer, and reports whether there is room for it. For that it may forget the oldest one.
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

// withdraw notes that the saga isn't nobody's any more, unless it is with that generation. It reports whether that is new. The saga is still left
// to others.
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

// forget forgets an offer that may not have been made.
func (hs *handoffs) forget(id saga.ID) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if _, ok := hs.released[id]; ok {
		delete(hs.released, id)
		hs.ids = slices.DeleteFunc(hs.ids, func(other saga.ID) bool { return other == id })
	}
}

// all returns the IDs of all that were offered, nil if none was.
func (hs *handoffs) releasedIDs() []saga.ID {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return slices.Clone(hs.ids)
}
