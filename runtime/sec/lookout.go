package sec

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// lookOut goes on with what others have left unfinished, and then looks every now and then for what there is
// to do that this coordinator isn't told of: sagas that clients have created, those of coordinators that are gone, what
// others have ordered for its own sagas, and what it owns without having it in memory. The times differ from
// coordinator to coordinator, so that they don't all come at once.
func (c *Coordinator) lookOut() {
	nextSweep := time.Now()
	for {
		c.takeOver()
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

const (
	// claimBatch is how many sagas are claimed at a time: enough that the claims don't count, and
	// few enough that their DAGs fit into memory together.
	claimBatch = 100
	// adopters is how many of them are read at a time, most of which wait for the store.
	adopters = 8
)

// takeOver claims and goes on with sagas that nobody runs, as many as there are, or as this coordinator may run. Without
// leases it isn't known who runs, so only what is found at the start is taken from others.
func (c *Coordinator) takeOver() {
	for {
		limit := c.slots.left(claimBatch)
		if limit == 0 {
			return
		}
		var claimed []store.Record
		err := c.retry(c.alive, saga.ID{}, func(ctx context.Context, st store.Store) (err error) {
			if c.isStopped() {
				return final{saga.ErrShutdown}
			}
			claimed, err = st.Claim(ctx, store.Claim{
				Owner: c.currentTenure().owner, Lease: c.config.Lease, Queue: c.config.Queue,
				Unowned: c.recovered && c.config.Lease == 0, Limit: limit,
			})
			return err
		})
		if err != nil || !c.adoptAll(claimed) {
			return
		}
		// With leases, fewer than asked for may be all that others weren't about to claim. Without, two that start at once would take
		// each other's sagas again and again.
		if len(claimed) == 0 || len(claimed) < limit && c.config.Lease == 0 {
			c.recovered = true
			return
		}
	}
}

// adoptAll goes on with sagas, several at a time. It reports false if the coordinator is shutting down, or has lost its tenure.
func (c *Coordinator) adoptAll(records []store.Record) bool {
	var readers sync.WaitGroup
	next := make(chan store.Record)
	failed := make(chan struct{}, adopters) // one for each, so that none waits
	for range min(adopters, len(records)) {
		readers.Go(func() {
			for record := range next {
				if _, err := c.adopt(record, nil); err != nil && !errors.Is(err, errUnreadable) {
					failed <- struct{}{}
					return
				}
			}
		})
	}
	ok := true
	for _, record := range records {
		select {
		case next <- record:
			continue
		case <-failed:
			ok = false
		}
		break
	}
	close(next)
	readers.Wait()
	return ok && len(failed) == 0
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
		v := s.view.Load()
		switch {
		case v == nil: // it is still being created or read
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
		if err != nil || s == nil || s.view.Load().parked == nil { // its next append takes note of the call
			return
		}
	}
	_ = c.aside.withStore(c.alive, func(ctx context.Context, st store.Store) error { // what fails is heeded again
		return st.Append(ctx, store.Append{ID: record.ID, Generation: record.Generation, Seq: record.NextSeq, State: record.State})
	})
}

// unpark forgets a saga that is parked, unless it is parked with that generation. It reports whether it has.
func (c *Coordinator) unpark(id saga.ID, except uint64) bool {
	s := c.lookup(id)
	if s == nil {
		return false
	}
	v := s.view.Load()
	if v == nil || v.parked == nil || s.generation == except {
		return false
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
