package sec

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Retention says which finished sagas of its queue a coordinator deletes. Sagas
// that are not finished are never deleted, stuck ones included.
type Retention struct {
	// MaxAge is how long a saga is kept after it has finished. Default: 0, for
	// ever.
	MaxAge time.Duration
	// MaxCount is how many sagas are kept, those that finished last. Default:
	// 0, any number.
	MaxCount int
	// Every is the time between two deletions. Default: 1 min.
	Every time.Duration
}

func (r Retention) enabled() bool { return r.MaxAge > 0 || r.MaxCount > 0 }

var finalStates = []saga.State{saga.StateSucceeded, saga.StateFailed, saga.StateAbandoned}

const (
	// retentionBatch is how many records are read at a time, so that the store
	// can serve others between two reads.
	retentionBatch = 500
	// deleters is how many sagas are deleted at a time. They share the store's
	// commits, and leave room for those of running sagas.
	deleters = 16
)

// retentionLoop deletes sagas that are too old or too many, until the
// coordinator shuts down.
func (c *Coordinator) retentionLoop() {
	ticker := time.NewTicker(c.config.Retention.Every)
	defer ticker.Stop()
	for {
		if err := c.deleteExpired(); err != nil && !c.isStopped() {
			c.config.Logger.Warn("retention: deleting finished sagas failed; retrying later", "error", err)
		}
		select {
		case <-ticker.C:
		case <-c.stopping:
			return
		}
	}
}

// deleteExpired goes through all finished sagas of the queue, a batch at a
// time.
func (c *Coordinator) deleteExpired() error {
	type ended struct {
		id saga.ID
		at time.Time
	}
	var kept []ended
	query := saga.Query{States: finalStates, Queues: []string{c.config.Queue}, Limit: retentionBatch}
	for records, err := range c.client.pages(c.lifetime, query) {
		if err != nil {
			return err
		}
		var expired []saga.ID
		for _, r := range records {
			if c.config.Retention.MaxAge > 0 && time.Since(r.Updated) > c.config.Retention.MaxAge {
				expired = append(expired, r.ID)
			} else if c.config.Retention.MaxCount > 0 {
				kept = append(kept, ended{r.ID, r.Updated})
			}
		}
		if err := c.deleteFinal(expired); err != nil {
			return err
		}
		if c.isStopped() {
			break
		}
	}
	excess := len(kept) - c.config.Retention.MaxCount
	if c.config.Retention.MaxCount == 0 || excess <= 0 {
		return nil
	}
	slices.SortFunc(kept, func(a, b ended) int { return a.at.Compare(b.at) })
	ids := make([]saga.ID, excess)
	for i, e := range kept[:excess] {
		ids[i] = e.id
	}
	return c.deleteFinal(ids)
}

// deleteFinal deletes sagas, several at a time, until one can't be deleted. A
// saga that another coordinator has deleted meanwhile is no error.
func (c *Coordinator) deleteFinal(ids []saga.ID) error {
	var (
		next    atomic.Int64
		failed  atomic.Bool
		running sync.WaitGroup
	)
	errs := make([]error, min(deleters, len(ids)))
	for i := range errs {
		running.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(ids)) && !failed.Load(); n = next.Add(1) - 1 {
				err := c.client.withStore(c.lifetime, func(ctx context.Context, st store.Store) error {
					return st.Delete(ctx, ids[n])
				})
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					errs[i] = err
					failed.Store(true)
					return
				}
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}
