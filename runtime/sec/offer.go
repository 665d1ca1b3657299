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
	maxOffers = 1000
	// minOffer is for how long each is remembered at least. Beyond maxOffers, what is parked waits, so that coordinators of which none knows the
	// code don't hand it to and fro all the time.
	minOffer = time.Minute
)

// offers are the sagas that a coordinator can't go on with and leaves to others. It doesn't claim them again by itself: its registry doesn't change.
type offers struct {
	mu     sync.Mutex
	parked []*instance // which are the coordinator's yet
	made   map[saga.ID]offer
	ids    []saga.ID // of made, oldest first
}

// offer is a saga that a coordinator has released.
type offer struct {
	generation uint64 // with which the saga was seen to be nobody's; 0 if it has been claimed since
	at         time.Time
	reason     error // wraps saga.ErrParked
}

// offerParked makes what is parked nobody's, so that a coordinator whose code fits can claim it. It is lookOut's own, as are the claims that
// leave out what was offered. Without leases it isn't known whether another coordinator runs, and nothing is offered.
func (c *Coordinator) offerParked() {
	parked := c.offers.take()
	for i, s := range parked {
		if c.lookup(s.id) != s { // it has been let go since, with its tenure say, and may have to be claimed again
			c.offers.forget(s.id)
			continue
		}
		if c.isStopped() || !c.offer(s) {
			c.offers.putBack(parked[i:]) // there will be another look
			return
		}
	}
}

// offer makes a parked saga nobody's. It reports whether it isn't this coordinator's any more. From the attempt on the saga isn't claimed again:
// one that seems to fail may have its effect.
func (c *Coordinator) offer(s *instance) bool {
	v, _ := s.view.load()
	if !c.offers.add(s.id, offer{s.generation + 1, time.Now(), v.parked}) {
		return false
	}
	err := c.aside.withStore(s.tenure, func(ctx context.Context, st store.Store) error { return st.Release(ctx, s.id, s.generation) })
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
func (c *Coordinator) offered(record *store.Record) (offer, bool) {
	c.offers.mu.Lock()
	defer c.offers.mu.Unlock()
	o, ok := c.offers.made[record.ID]
	if !ok || record.Owner != "" || record.State.Final() {
		return offer{}, false
	}
	o.generation = record.Generation
	c.offers.made[record.ID] = o
	return o, true
}

// park notes a saga that is to be offered.
func (o *offers) park(s *instance) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parked = append(o.parked, s)
}

// take returns the sagas that are to be offered, and notes that there are none.
func (o *offers) take() []*instance {
	o.mu.Lock()
	defer o.mu.Unlock()
	parked := o.parked
	o.parked = nil
	return parked
}

// putBack notes again what was taken, before what has come since: of two instances of a saga, the older one must come first.
func (o *offers) putBack(parked []*instance) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parked = append(parked, o.parked...)
}

// add notes an offer, and reports whether there is room for it. For that it may forget the oldest one.
func (o *offers) add(id saga.ID, made offer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, again := o.made[id]; again {
		o.ids = slices.DeleteFunc(o.ids, func(other saga.ID) bool { return other == id })
	}
	if len(o.ids) == maxOffers {
		oldest := o.ids[0]
		if made.at.Sub(o.made[oldest].at) < minOffer {
			return false
		}
		delete(o.made, oldest)
		o.ids = slices.Delete(o.ids, 0, 1)
	}
	if o.made == nil {
		o.made = map[saga.ID]offer{}
	}
	o.made[id] = made
	o.ids = append(o.ids, id)
	return true
}

// withdraw notes that the saga isn't nobody's any more, unless it is with that generation. It reports whether that is new. The saga is still left
// to others.
func (o *offers) withdraw(id saga.ID, except uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	made, ok := o.made[id]
	if !ok || made.generation == except || made.generation == 0 {
		return false
	}
	made.generation = 0
	o.made[id] = made
	return true
}

// forget forgets an offer that may not have been made.
func (o *offers) forget(id saga.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.made[id]; ok {
		delete(o.made, id)
		o.ids = slices.DeleteFunc(o.ids, func(other saga.ID) bool { return other == id })
	}
}

// all returns the IDs of all that were offered, nil if none was.
func (o *offers) all() []saga.ID {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.ids)
}
