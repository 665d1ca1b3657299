package sec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

const (
	// firstClaim is how many sagas are claimed at first, and maxClaim how many
	// at a time in the end. It is few at first, so that the first sagas run
	// soon. It is many later, as each claim competes with the appends of the
	// sagas that run already.
	firstClaim = 100
	maxClaim   = 4000
	// maxClaimBytes limits the size of their DAGs and parameters together. The
	// last saga may exceed it.
	maxClaimBytes = 16 << 20
	// slowClaim is how long a claim may take before the next one is smaller.
	// The limit is a tenth of Config.StoreTimeout if that is less: after the
	// timeout it isn't known which sagas were claimed.
	slowClaim = time.Second
	// maxChunk is the most events that are read with one call, unless one saga
	// has more.
	maxChunk = 2000
	// resumers is how many sagas are resumed at a time. Those whose logs have
	// to be read one by one wait for the store most of the time.
	resumers = 8
)

// claimLoop claims and resumes sagas that no coordinator runs, as many as there
// are or as this coordinator may run. It claims the next ones while the logs of
// the previous ones are read. Without leases a coordinator can't know which
// sagas others run. It then takes all unfinished sagas at its start, and only
// unowned ones later.
//
// A claim that returns fewer sagas than its limit doesn't mean that there are
// no more: other coordinators may have been claiming them, or the store has
// skipped them. But the second such claim ends the loop. Otherwise two
// coordinators without leases that start at once would take each other's sagas
// again and again, and a steady stream of new sagas would keep pollLoop from
// its other work.
func (c *Coordinator) claimLoop() {
	resumed := func() bool { return true }
	defer func() { resumed() }()
	for size, fewer := firstClaim, 0; ; {
		if c.admission != nil {
			resumed() // to know how many more may run
		}
		limit := c.admission.Available(size)
		if limit == 0 {
			return
		}
		claim, err := c.claim(limit)
		ok := resumed()
		if err != nil {
			return
		}
		// Resume these even if the previous ones report false: they may have
		// been claimed in the next lease session.
		resumed = c.resumeInBackground(claim.records)
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
				c.wakePoller() // claim again, but do all else first
			}
			return
		case claim.limit < limit:
			size = claim.limit
		default:
			size = c.nextClaim(size, claim.took)
		}
	}
}

// claimResult is the result of a claim. limit is the number of sagas that the
// last attempt asked for.
type claimResult struct {
	records []saga.Record
	limit   int
	took    time.Duration
}

// isShort reports whether there were fewer sagas than the claim allowed. The
// store counts the bytes after encoding, which may be more than they have here;
// hence the margin.
func (c *claimResult) isShort() bool {
	bytes := 0
	for i := range c.records {
		bytes += len(c.records[i].DAG) + len(c.records[i].Params)
	}
	return len(c.records) < c.limit && bytes < maxClaimBytes/4
}

// claim claims at most limit sagas that no coordinator runs, without those that
// this coordinator has handed off. After each failure it asks for half as many,
// as more may have been too many for the timeout. The error is
// saga.ErrStopped.
func (c *Coordinator) claim(limit int) (claimResult, error) {
	claim := claimResult{limit: limit}
	err := c.retry(c.lifetime, saga.ID{}, func(ctx context.Context, st store.Store) (err error) {
		if c.isStopped() {
			return permanentError{saga.ErrStopped}
		}
		began := time.Now()
		claim.records, err = st.Claim(ctx, store.Claim{
			Owner: c.leases.Current().Owner, Lease: c.config.Lease, Queue: c.config.Queue,
			Unowned: c.startupDone && c.config.Lease == 0,
			Limit:   claim.limit, Bytes: maxClaimBytes, Except: c.handoffs.Released(),
		})
		if claim.took = time.Since(began); err != nil {
			claim.limit = max(claim.limit/2, 1)
		}
		return err
	})
	return claim, err
}

// nextClaim returns the limit of the claim that follows one of size sagas that
// took that long.
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

// resumeInBackground begins to resume sagas. The function that it returns waits
// until that is done, and reports false if the coordinator shuts down or has
// lost its lease session.
func (c *Coordinator) resumeInBackground(records []saga.Record) (wait func() bool) {
	var resuming sync.WaitGroup
	ok := false
	resuming.Go(func() { ok = c.resumeAll(records) })
	return func() bool {
		resuming.Wait()
		return ok
	}
}

// resumeAll resumes sagas. It reads the logs of a chunk of them with one call.
// It reports false if the coordinator shuts down or has lost its lease session.
func (c *Coordinator) resumeAll(records []saga.Record) bool {
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

// chunk returns how many of the sagas, from the first one on, are read with one
// call.
func chunk(records []saga.Record) int {
	var events uint64
	for i := range records {
		events += records[i].NextSeq
		if i > 0 && events > maxChunk {
			return i
		}
	}
	return len(records)
}

// reserveAll reserves those of the sagas that this coordinator owns and doesn't
// have in memory.
func (c *Coordinator) reserveAll(records []saga.Record) ([]*recovery, error) {
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

// readLogs reads the logs of sagas with one call. If that fails, resume reads
// each log by itself, so that one that can't be read doesn't block the others.
func (c *Coordinator) readLogs(reserved []*recovery) {
	if len(reserved) < 2 {
		return
	}
	ids := make([]saga.ID, len(reserved))
	for i, r := range reserved {
		ids[i] = r.id
	}
	var logs [][]engine.Event
	err := c.client.withStore(reserved[0].session, func(ctx context.Context, st store.Store) (err error) {
		logs, err = st.Logs(ctx, ids)
		if err == nil && len(logs) != len(ids) {
			err = fmt.Errorf("the store returned %d logs of %d", len(logs), len(ids))
		}
		return err
	})
	if err != nil {
		c.config.Logger.Warn("logs could not be read together; reading them one by one",
			"sagas", len(ids), "error", err)
		return
	}
	for i, r := range reserved {
		r.log, r.hasLog = logs[i], true
	}
}
