package sec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

const (
	// firstClaim is how many sagas are claimed at first, and maxClaim how many at a time in the end: a few, so that the first run soon; then
	// many, as each claim has to make its way between the appends of those that run already.
	firstClaim = 100
	maxClaim   = 4000
	// maxClaimBytes is how large their DAGs and parameters become together at most, but for the last one's.
	maxClaimBytes = 16 << 20
	// slowClaim is how long a claim may take before fewer are claimed; or a tenth of Config.StoreTimeout, after which it isn't known what was
	// claimed, if that is less.
	slowClaim = time.Second
	// maxChunk is the most events that are read with one call, unless one saga has more.
	maxChunk = 2000
	// adopters is how many of those that were read are gone on with at a time. Those whose logs have to be read one by one wait for the
	// store most of the time.
	resumers = 8
)

// takeOver claims and goes on with sagas that nobody runs, as many as there are, or as this coordinator may run. Without
// leases it isn't known who runs, so only what is found at the start is taken from others. The next ones are claimed while
// those before are read.
//
// When there are fewer than asked for, there may be more: others were about to claim them, or the store has passed them over. The second time is
// the end nevertheless: without leases, two that start at once would take each other's sagas again and again, and with them a steady stream of new ones
// would keep this coordinator from all else that lookOut does.
func (c *Coordinator) claimLoop() {
	resumed := func() bool { return true }
	defer func() { resumed() }()
	for size, fewer := firstClaim, 0; ; {
		if c.admission != nil {
			resumed() // before that it isn't known how many more may run
		}
		limit := c.admission.available(size)
		if limit == 0 {
			return
		}
		claim, err := c.claim(limit)
		ok := resumed()
		if err != nil {
			return
		}
		resumed = c.resumeInBackground(claim.records) // whatever became of those before: these may have been claimed in the next tenure
		if !ok {
			return
		}
		if claim.isShort() {
			fewer++
		}
		none := len(claim.records) == 0
		switch atStart := c.config.Lease == 0 && !c.startupDone; {
		case fewer == 2, none && !atStart:
			c.startupDone = true
			if !none {
				c.wakePoller() // look again, but do all else first
			}
			return
		case claim.limit < limit:
			size = claim.limit
		default:
			size = c.nextClaim(size, claim.took)
		}
	}
}

// claimed is what came of a claim.
type claimResult struct {
	records []store.Record
	limit   int
	took    time.Duration
}

// isShort reports whether there were fewer sagas than could have been claimed. What they have here may be less than the store has
// counted, if it encodes them.
func (c *claimResult) isShort() bool {
	bytes := 0
	for i := range c.records {
		bytes += len(c.records[i].DAG) + len(c.records[i].Params)
	}
	return len(c.records) < c.limit && bytes < maxClaimBytes/4
}

// claim claims at most so many sagas that nobody runs, and that this coordinator hasn't offered to others. After each failure it asks for half
// as many, as its time may have been too short for more. The error is saga.ErrShutdown.
func (c *Coordinator) claim(limit int) (claimResult, error) {
	claim := claimResult{limit: limit}
	err := c.retry(c.lifetime, saga.ID{}, func(ctx context.Context, st store.Store) (err error) {
		if c.isStopped() {
			return permanentError{saga.ErrShutdown}
		}
		began := time.Now()
		claim.records, err = st.Claim(ctx, store.Claim{
			Owner: c.currentSession().owner, Lease: c.config.Lease, Queue: c.config.Queue,
			Unowned: c.startupDone && c.config.Lease == 0, Limit: claim.limit, Bytes: maxClaimBytes, Except: c.handoffs.releasedIDs(),
		})
		if claim.took = time.Since(began); err != nil {
			claim.limit = max(claim.limit/2, 1)
		}
		return err
	})
	return claim, err
}

// nextClaim returns how many sagas to claim after a claim of so many that took that long.
func (c *Coordinator) nextClaim(size int, took time.Duration) int {
	slow := min(slowClaim, c.config.StoreTimeout/10)
	switch {
	case took > slow:
		return max(size/2, 1)
	case took > slow/2:
		return size
	}
	return min(2*size, maxClaim)
}

// adoptAside begins to go on with sagas. What it returns waits for the end, and reports false if the coordinator is shutting down, or has lost its tenure.
func (c *Coordinator) resumeInBackground(records []store.Record) (wait func() bool) {
	var resuming sync.WaitGroup
	ok := false
	resuming.Go(func() { ok = c.resumeAll(records) })
	return func() bool {
		resuming.Wait()
		return ok
	}
}

// adoptAll goes on with sagas. It reads the logs of a chunk of them at once. It reports false if the coordinator is shutting down, or has
// lost its tenure.
func (c *Coordinator) resumeAll(records []store.Record) bool {
	var (
		working sync.WaitGroup
		over    atomic.Bool
		next    = make(chan *recovery)
	)
	for range min(resumers, len(records)) {
		working.Go(func() {
			for r := range next {
				if over.Load() || c.isStopped() {
					over.Store(true)
					c.release(r.execution)
					continue
				}
				if _, err := c.resume(r, nil); err != nil && !errors.Is(err, errUnreadable) {
					over.Store(true)
				}
			}
		})
	}
	for len(records) > 0 && !over.Load() {
		n := chunk(records)
		reserved, err := c.reserveAll(records[:n])
		if records = records[n:]; err != nil {
			over.Store(true)
		}
		c.readLogs(reserved)
		for _, r := range reserved {
			next <- r
		}
	}
	close(next)
	working.Wait()
	return !over.Load()
}

// chunk returns how many of the sagas, from the first one on, are read with one call.
func chunk(records []store.Record) int {
	var events uint64
	for i := range records {
		events += records[i].NextSeq
		if i > 0 && events > maxChunk {
			return i
		}
	}
	return len(records)
}

// takeAll takes those of the sagas that this coordinator owns and doesn't have in memory.
func (c *Coordinator) reserveAll(records []store.Record) ([]*recovery, error) {
	all := make([]*recovery, 0, len(records))
	for i := range records {
		r, err := c.reserveRecovery(records[i])
		if err != nil {
			return all, err
		}
		if r != nil {
			all = append(all, r)
		}
	}
	return all, nil
}

// readLogs reads the logs of sagas with one call. If that fails, each is read by itself when it is gone on with: one that can't be read
// isn't in the way of the others.
func (c *Coordinator) readLogs(reserved []*recovery) {
	if len(reserved) < 2 {
		return
	}
	ids := make([]saga.ID, len(reserved))
	for i, r := range reserved {
		ids[i] = r.id
	}
	var logs [][]saga.Event
	err := c.client.withStore(reserved[0].session, func(ctx context.Context, st store.Store) (err error) {
		logs, err = st.Logs(ctx, ids)
		if err == nil && len(logs) != len(ids) {
			err = fmt.Errorf("the store returned %d logs of %d", len(logs), len(ids))
		}
		return err
	})
	if err != nil {
		c.config.Logger.Warn("sagas can't be read together; reading one by one", "sagas", len(ids), "error", err)
		return
	}
	for i, r := range reserved {
		r.log, r.hasLog = logs[i], true
	}
}
