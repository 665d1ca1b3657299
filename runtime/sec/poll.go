package sec

import (
	"context"
	"errors"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec/internal/handoff"
	"github.com/sagagen/sagagen/runtime/store"
)

// poll recovers unfinished sagas, and looks for other work in the store: sagas
// that clients have created, sagas whose owners have crashed or stopped,
// commands that others have appended to its own sagas, and sagas that it owns
// and doesn't have in memory. It hands off the sagas that it can't run.
func (c *Coordinator) poll() {
	c.claimer.ClaimAll()
	c.handOffParked()
	c.checkNotified()
	if !time.Now().Before(c.nextSweep) {
		c.sweep()
		c.nextSweep = time.Now().Add(sweepPause)
	}
}

// checkNotified handles the sagas of this coordinator to which others have
// appended.
func (c *Coordinator) checkNotified() {
	query := saga.Query{Owner: c.leases.Current().Owner, Notified: true, Limit: sweepBatch}
	for records, err := range c.client.pages(c.lifetime, query) {
		if err != nil || c.isStopped() {
			return // the next poll tries again
		}
		for i := range records {
			c.handleNotified(&records[i])
		}
	}
}

// handleNotified handles a saga to which others have appended.
func (c *Coordinator) handleNotified(record *saga.Record) {
	if s := c.lookup(record.ID); s != nil {
		v, published := s.snapshot.load()
		switch {
		case !published: // it is still being created or recovered
			return
		case v.parked == nil:
			check := request{apply: func(j *journal) error {
				j.notified = true
				return nil
			}}
			if _, schedule := s.mail.Post(check); schedule {
				c.schedule(s)
			}
			return
		}
		// Find out whether the saga can be replayed now.
		c.release(s)
	}
	if !record.State.Settled() {
		s, _, err := c.find(c.lifetime, record.ID)
		if err != nil || s == nil || !s.isParked() { // its next append clears the notification
			return
		}
	}
	// Clear the notification. If that fails, the next poll handles it again.
	_ = c.client.withStore(c.lifetime, func(ctx context.Context, st store.Store) error {
		return st.Append(ctx, store.Append{
			ID: record.ID, Generation: record.Generation, Seq: record.NextSeq, State: record.State,
		})
	})
}

// handOffParked releases the parked sagas, so that a coordinator with the right
// code can claim them. Only poll calls it, because only poll makes the claims
// that exclude handed-off sagas. Without leases, a coordinator can't know
// whether others run, and hands nothing off.
func (c *Coordinator) handOffParked() {
	parked := c.handoffs.TakeParked()
	for i, s := range parked {
		// The saga was released meanwhile, for example with its lease session,
		// and may have to be claimed again.
		if c.lookup(s.id) != s {
			c.handoffs.Forget(s.id)
			continue
		}
		if c.isStopped() || !c.handOff(s) {
			c.handoffs.ReturnParked(parked[i:]) // the next poll tries again
			return
		}
	}
}

// handOff releases a parked saga. It reports whether this coordinator has given
// it up. The saga is excluded from claims before the store is called, because a
// release that seems to fail may have succeeded.
func (c *Coordinator) handOff(s *execution) bool {
	v, _ := s.snapshot.load()
	released := handoff.Handoff{Generation: s.generation + 1, At: time.Now(), Reason: v.parked}
	if !c.handoffs.Add(s.id, released) {
		return false
	}
	err := c.client.withStore(s.session, func(ctx context.Context, st store.Store) error {
		return st.Release(ctx, s.id, s.generation)
	})
	switch {
	// An earlier attempt has released the saga, or another coordinator owns it.
	case errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
	case err != nil:
		c.config.Logger.Warn("releasing a parked saga failed; retrying", "saga", s.id, "error", err)
		return false
	}
	c.release(s)
	c.config.Logger.Info("parked saga released for another coordinator", "saga", s.id, "error", v.parked)
	return true
}

// unpark forgets that a saga is parked here or was handed off, unless its
// generation is except. It reports whether there was something to forget.
func (c *Coordinator) unpark(id saga.ID, except uint64) bool {
	claimed := c.handoffs.MarkClaimed(id, except)
	s := c.lookup(id)
	if s == nil || !s.isParked() || s.generation == except {
		return claimed
	}
	c.release(s)
	return true
}

// sweep recovers the sagas that this coordinator owns and doesn't have in
// memory: a claim or a create that seemed to fail has succeeded, or a log could
// not be read.
func (c *Coordinator) sweep() {
	query := saga.Query{
		States: []saga.State{saga.StateCreated, saga.StateRunning, saga.StateUnwinding},
		Owner:  c.leases.Current().Owner, Limit: sweepBatch,
	}
	for records, err := range c.client.pages(c.lifetime, query) {
		if err != nil || c.isStopped() {
			return // the next sweep tries again
		}
		for _, record := range records {
			if c.lookup(record.ID) == nil {
				_, _, _ = c.find(c.lifetime, record.ID)
			}
		}
	}
}

const (
	// sweepBatch is how many records are read at a time.
	sweepBatch = 500
	// sweepPause is the time between two sweeps.
	sweepPause = time.Minute
)
