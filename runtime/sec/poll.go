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
func (c *Coordinator) pollLoop() {
	nextSweep := time.Now()
	for {
		c.claimLoop()
		c.handOffParked()
		c.checkNotified()
		if !time.Now().Before(nextSweep) {
			c.sweep()
			nextSweep = time.Now().Add(sweepPause)
		}
		timer := time.NewTimer(minPollPause)
		select {
		case <-timer.C:
		case <-c.stopping:
			return
		}
		timer.Reset(c.config.Poll/2 + rand.N(c.config.Poll/2+1))
		select {
		case <-timer.C:
		case <-c.pollNow:
		case <-c.stopping:
			return
		}
		timer.Stop()
	}
}

// minLookPause is the shortest time between two looks, however often this coordinator is woken: what comes in that time
// shares one.
const minPollPause = 5 * time.Millisecond

// wake makes lookOut look now.
func (c *Coordinator) wakePoller() {
	select {
	case c.pollNow <- struct{}{}:
	default:
	}
}

// watch has the store wake lookOut.
func (c *Coordinator) watch(ctx context.Context, w store.Watcher) {
	for ctx.Err() == nil {
		err := w.Watch(ctx, c.wakePoller)
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
func (c *Coordinator) checkNotified() {
	query := store.Query{Owner: c.currentSession().owner, Called: true, Limit: sweepBatch}
	for records, err := range c.client.pages(c.lifetime, query) {
		if err != nil || c.isStopped() {
			return // there will be another look
		}
		for i := range records {
			c.handleNotified(&records[i])
		}
	}
}

// heed looks at a saga to which somebody else has appended.
func (c *Coordinator) handleNotified(record *store.Record) {
	if s := c.lookup(record.ID); s != nil {
		v, shown := s.snapshot.load()
		switch {
		case !shown: // it is still being created or read
			return
		case v.parked == nil:
			look := request{apply: func(j *journal) error {
				j.notified = true
				return nil
			}}
			if _, schedule := s.mail.post(look); schedule {
				c.schedule(s)
			}
			return
		}
		c.release(s) // and see whether it makes sense now
	}
	if !record.State.Settled() {
		s, _, err := c.find(c.lifetime, record.ID)
		if err != nil || s == nil || !s.isParked() { // its next append takes note of the call
			return
		}
	}
	_ = c.client.withStore(c.lifetime, func(ctx context.Context, st store.Store) error { // what fails is heeded again
		return st.Append(ctx, store.Append{ID: record.ID, Generation: record.Generation, Seq: record.NextSeq, State: record.State})
	})
}

// unpark forgets that a saga is parked or offered, unless it is with that generation. It reports whether it has.
func (c *Coordinator) unpark(id saga.ID, except uint64) bool {
	claimed := c.handoffs.markClaimed(id, except)
	s := c.lookup(id)
	if s == nil || !s.isParked() || s.generation == except {
		return claimed
	}
	c.release(s)
	return true
}

// sweep goes on with sagas that are this coordinator's and that it doesn't have in memory: a claim or a create that seemed to fail has
// had its effect, or a log could not be read.
func (c *Coordinator) sweep() {
	query := store.Query{
		States: []saga.State{saga.StateCreated, saga.StateRunning, saga.StateUnwinding}, Owner: c.currentSession().owner, Limit: sweepBatch,
	}
	for records, err := range c.client.pages(c.lifetime, query) {
		if err != nil || c.isStopped() {
			return // there will be another sweep
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
