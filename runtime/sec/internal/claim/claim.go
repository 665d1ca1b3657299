// Package claim claims the sagas that no coordinator runs.
package claim

import (
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

const (
	// firstLimit is the limit of the first claim. It is low, so that the first
	// sagas run soon. The limit grows up to maxLimit, because each claim
	// competes with the appends of the sagas that already run.
	firstLimit = 100
	maxLimit   = 4000
	// maxBytes limits the total size of the DAGs and parameters of a claim. The
	// last saga may exceed it.
	maxBytes = 16 << 20
)

// Claimer claims sagas and resumes them. Its exported fields are constant, and
// required except for Queue, Lease and Limited. The goroutine that calls
// ClaimAll owns the other fields.
type Claimer struct {
	Queue string
	// Lease is how long the leases of claimed sagas last. With 0 there are
	// none, and a coordinator can't know which sagas others run.
	Lease time.Duration
	// Slow is how long a claim may take before the next one is smaller.
	Slow time.Duration
	// Owner returns the owner name with which sagas are claimed now.
	Owner func() string
	// Limited says that the coordinator runs a limited number of sagas.
	// Available returns how many more it may run, and at most the number most.
	Limited   bool
	Available func(most int) int
	// Except returns the sagas that are not to be claimed.
	Except func() []saga.ID

	// Claim calls the store once.
	Claim func(store.Claim) ([]saga.Record, error)
	// Retry repeats a call until it succeeds. It returns an error if the
	// coordinator stops before that.
	Retry func(call func() error) error
	// Resume resumes the sagas that were claimed. It is called in another
	// goroutine, but not concurrently. It reports false if no more should be
	// claimed.
	Resume func([]saga.Record) bool
	// More is called if there may be more sagas to claim. The caller of
	// ClaimAll should call it again soon, after its other work.
	More func()

	// started says that a first ClaimAll has found all sagas.
	started bool
}

// ClaimAll claims and resumes sagas that no coordinator runs, as many as there
// are or as the coordinator may run. It claims the next ones while the previous
// ones are being resumed. Without leases, the first ClaimAll takes all
// unfinished sagas, and later ones only unowned sagas.
//
// A claim that returns fewer sagas than its limit doesn't mean that there are
// no more: other coordinators may have been claiming them, or the store has
// skipped them. But the second such claim ends the loop. Otherwise two
// coordinators without leases that start at once would take each other's sagas
// again and again, and a steady stream of new sagas would keep the caller from
// its other work.
func (c *Claimer) ClaimAll() {
	resumed := func() bool { return true }
	defer func() { resumed() }()
	for size, fewer := firstLimit, 0; ; {
		if c.Limited {
			resumed() // to know how many more may run
		}
		limit := c.Available(size)
		if limit == 0 {
			return
		}
		claimed, err := c.claim(limit)
		ok := resumed()
		if err != nil {
			return
		}
		// Resume these even if the previous ones report false: they may have
		// been claimed in the next lease session.
		resumed = c.resume(claimed.records)
		if !ok {
			return
		}
		if claimed.isShort() {
			fewer++
		}
		none := len(claimed.records) == 0
		switch atStart := c.Lease == 0 && !c.started; {
		case fewer == 2, none && !atStart:
			c.started = true
			if !none {
				c.More()
			}
			return
		case claimed.limit < limit:
			size = claimed.limit
		default:
			size = c.next(size, claimed.took)
		}
	}
}

// result is the result of a claim. limit is that of the last attempt.
type result struct {
	records []saga.Record
	limit   int
	took    time.Duration
}

// isShort reports whether there were fewer sagas than the claim allowed. The
// store counts encoded bytes, which may be more than are counted here, so
// isShort compares with a quarter of the limit.
func (r *result) isShort() bool {
	bytes := 0
	for i := range r.records {
		bytes += len(r.records[i].DAG) + len(r.records[i].Params)
	}
	return len(r.records) < r.limit && bytes < maxBytes/4
}

// claim claims at most limit sagas. After each failure it claims half as many,
// because the call may have timed out.
func (c *Claimer) claim(limit int) (result, error) {
	r := result{limit: limit}
	err := c.Retry(func() (err error) {
		began := time.Now()
		r.records, err = c.Claim(store.Claim{
			Owner: c.Owner(), Lease: c.Lease, Queue: c.Queue, Unowned: c.started && c.Lease == 0,
			Limit: r.limit, Bytes: maxBytes, Except: c.Except(),
		})
		if r.took = time.Since(began); err != nil {
			r.limit = max(r.limit/2, 1)
		}
		return err
	})
	return r, err
}

// next returns the limit of the next claim, after a claim with the limit size
// that took that long.
func (c *Claimer) next(size int, took time.Duration) int {
	switch {
	case took > c.Slow:
		return max(size/2, 1)
	case took > c.Slow/2:
		return size
	}
	return min(2*size, maxLimit)
}

// resume begins to resume sagas. The returned function waits for the end, and
// returns the result of Resume.
func (c *Claimer) resume(records []saga.Record) (wait func() bool) {
	var resuming sync.WaitGroup
	ok := false
	resuming.Go(func() { ok = c.Resume(records) })
	return func() bool {
		resuming.Wait()
		return ok
	}
}
