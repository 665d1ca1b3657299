package sec

import (
	"context"
	"math/rand/v2"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// lookOut goes on with what others have left unfinished, and then looks every now and then for what there is
// to do that this coordinator isn't told of: sagas that clients have created, those of coordinators that are gone, what
// others have ordered for its own sagas, and what it owns without having it in memory. What it can't go on with it leaves to others. The times differ from
// coordinator to coordinator, so that they don't all come at once.
func (c *Coordinator) lookOut() {
	nextSweep := time.Now()
	for {
		c.takeOver()
		c.offerParked()
		c.heedCalls()
		if !time.Now().Before(nextSweep) {
			c.sweep()
			nextSweep = time.Now().Add(sweepPause)
		}
		rest := time.NewTimer(minLookPause)
		select {
		case <-rest.C:
		case <-c.stopping:
			return
		}
		rest.Reset(c.config.Poll/2 + rand.N(c.config.Poll/2+1))
		select {
		case <-rest.C:
		case <-c.awake:
		case <-c.stopping:
			return
		}
		rest.Stop()
	}
}

// minLookPause is the shortest time between two looks, however often this coordinator is woken: what comes in that time
// shares one.
const minLookPause = 5 * time.Millisecond

// wake makes lookOut look now.
func (c *Coordinator) wake() {
	select {
	case c.awake <- struct{}{}:
	default:
	}
}

// watch has the store wake lookOut.
func (c *Coordinator) watch(ctx context.Context, w store.Watcher) {
	for ctx.Err() == nil {
		err := w.Watch(ctx, c.wake)
		if ctx.Err() == nil {
			c.config.Logger.Warn("the store can't be watched; looking every now and then, and trying again", "poll", c.config.Poll, "error", err)
			select {
			case <-time.After(maxStorePause):
			case <-ctx.Done():
			}
		}
	}
}

// heedCalls looks at the sagas of this coordinator to which others have appended.
func (c *Coordinator) heedCalls() {
	query := store.Query{Owner: c.currentTenure().owner, Called: true, Limit: sweepBatch}
	for records, err := range c.aside.pages(c.alive, query) {
		if err != nil || c.isStopped() {
			return // there will be another look
		}
		for i := range records {
			c.heed(&records[i])
		}
	}
}

// heed looks at a saga to which somebody else has appended.
func (c *Coordinator) heed(record *store.Record) {
	if s := c.lookup(record.ID); s != nil {
		v, shown := s.view.load()
		switch {
		case !shown: // it is still being created or read
			return
		case v.parked == nil:
			look := request{do: func(p *progress) error {
				p.called = true
				return nil
			}}
			if _, attend := s.mail.ask(look); attend {
				c.attendTo(s)
			}
			return
		}
		c.release(s) // and see whether it makes sense now
	}
	if !record.State.Settled() {
		s, _, err := c.find(c.alive, record.ID)
		if err != nil || s == nil || !s.isParked() { // its next append takes note of the call
			return
		}
	}
	_ = c.aside.withStore(c.alive, func(ctx context.Context, st store.Store) error { // what fails is heeded again
		return st.Append(ctx, store.Append{ID: record.ID, Generation: record.Generation, Seq: record.NextSeq, State: record.State})
	})
}

// unpark forgets that a saga is parked or offered, unless it is with that generation. It reports whether it has.
func (c *Coordinator) unpark(id saga.ID, except uint64) bool {
	withdrawn := c.offers.withdraw(id, except)
	s := c.lookup(id)
	if s == nil || !s.isParked() || s.generation == except {
		return withdrawn
	}
	c.release(s)
	return true
}

// sweep goes on with sagas that are this coordinator's and that it doesn't have in memory: a claim or a create that seemed to fail has
// had its effect, or a log could not be read.
func (c *Coordinator) sweep() {
	query := store.Query{
		States: []saga.State{saga.StateCreated, saga.StateRunning, saga.StateUnwinding}, Owner: c.currentTenure().owner, Limit: sweepBatch,
	}
	for records, err := range c.aside.pages(c.alive, query) {
		if err != nil || c.isStopped() {
			return // there will be another sweep
		}
		for _, record := range records {
			if c.lookup(record.ID) == nil {
				_, _, _ = c.find(c.alive, record.ID)
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
