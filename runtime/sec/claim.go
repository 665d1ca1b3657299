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
	"github.com/sagagen/sagagen/runtime/sec/internal/claim"
	"github.com/sagagen/sagagen/runtime/store"
)

const (
	// slowClaim is how long a claim may take before the next one is smaller.
	slowClaim = time.Second
	// maxChunk is the most events that are read with one call, unless one saga
	// has more.
	maxChunk = 2000
	// resumers is how many sagas are resumed at a time. Those whose logs have
	// to be read one by one wait for the store most of the time.
	resumers = 8
)

// newClaimer returns the claimer that poll uses.
func (c *Coordinator) newClaimer() *claim.Claimer {
	return &claim.Claimer{
		Queue: c.config.Queue,
		Lease: c.config.Lease,
		// After StoreTimeout it isn't known which sagas were claimed.
		Slow:      min(slowClaim, c.config.StoreTimeout/10),
		Owner:     func() string { return c.leases.Current().Owner },
		Limited:   c.admission != nil,
		Available: c.admission.Available,
		Except:    c.handoffs.Released,
		Claim: func(claim store.Claim) (records []saga.Record, err error) {
			err = c.client.withStore(c.lifetime, func(ctx context.Context, st store.Store) (err error) {
				records, err = st.Claim(ctx, claim)
				return err
			})
			return records, err
		},
		Retry: func(call func() error) error {
			return c.retryCall(c.lifetime, saga.ID{}, func() error {
				if c.isStopped() {
					return permanentError{saga.ErrStopped}
				}
				return call()
			})
		},
		Resume: c.resumeAll,
		More:   c.poller.Wake,
	}
}

// resumeAll resumes sagas. It reads the logs of a chunk of them with one call.
// It reports false if the coordinator is stopping or has lost its lease
// session.
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

// chunk returns how many of the sagas, from the first one on, share a call that
// reads their logs.
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
