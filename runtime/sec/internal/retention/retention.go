// Package retention deletes finished sagas that are too old or too many.
package retention

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

const (
	// batch is how many records are read at a time, so that the store can serve
	// others between two reads.
	batch = 500
	// deleters is how many sagas are deleted at a time. They share the store's
	// commits, and leave room for those of running sagas.
	deleters = 16
)

var finalStates = []saga.State{saga.StateSucceeded, saga.StateFailed, saga.StateAbandoned}

// Cleaner deletes the finished sagas of a queue. Its fields are constant, and
// required except for Queue, MaxAge and MaxCount. It has no other state.
type Cleaner struct {
	Queue string
	// MaxAge is how long a saga is kept after it has finished, if it isn't 0.
	// MaxCount is how many sagas are kept, those that finished last, if it
	// isn't 0. Every is the time between two deletions.
	MaxAge   time.Duration
	MaxCount int
	Every    time.Duration
	Logger   *slog.Logger

	// Pages yields the records that match a query, at most Query.Limit at a
	// time.
	Pages func(context.Context, saga.Query) iter.Seq2[[]saga.Record, error]
	// Delete deletes a saga. An error that wraps store.ErrNotFound means that
	// another coordinator has deleted it.
	Delete func(context.Context, saga.ID) error
}

// Run deletes sagas until stopping is closed. The calls of the store end with
// ctx. Run has up to 16 further goroutines while it deletes.
func (c *Cleaner) Run(ctx context.Context, stopping <-chan struct{}) {
	ticker := time.NewTicker(c.Every)
	defer ticker.Stop()
	for {
		if err := c.deleteExpired(ctx, stopping); err != nil && !isClosed(stopping) {
			c.Logger.Warn("retention: deleting finished sagas failed; retrying later", "error", err)
		}
		select {
		case <-ticker.C:
		case <-stopping:
			return
		}
	}
}

// deleteExpired goes through all finished sagas of the queue, a batch at a
// time.
func (c *Cleaner) deleteExpired(ctx context.Context, stopping <-chan struct{}) error {
	type ended struct {
		id saga.ID
		at time.Time
	}
	var kept []ended
	query := saga.Query{States: finalStates, Queues: []string{c.Queue}, Limit: batch}
	for records, err := range c.Pages(ctx, query) {
		if err != nil {
			return err
		}
		var expired []saga.ID
		for _, r := range records {
			if c.MaxAge > 0 && time.Since(r.Updated) > c.MaxAge {
				expired = append(expired, r.ID)
			} else if c.MaxCount > 0 {
				kept = append(kept, ended{r.ID, r.Updated})
			}
		}
		if err := c.deleteAll(ctx, expired); err != nil {
			return err
		}
		if isClosed(stopping) {
			break
		}
	}
	excess := len(kept) - c.MaxCount
	if c.MaxCount == 0 || excess <= 0 {
		return nil
	}
	slices.SortFunc(kept, func(a, b ended) int { return a.at.Compare(b.at) })
	ids := make([]saga.ID, excess)
	for i, e := range kept[:excess] {
		ids[i] = e.id
	}
	return c.deleteAll(ctx, ids)
}

// deleteAll deletes sagas, several at a time, until one can't be deleted.
func (c *Cleaner) deleteAll(ctx context.Context, ids []saga.ID) error {
	var (
		next    atomic.Int64
		failed  atomic.Bool
		running sync.WaitGroup
	)
	errs := make([]error, min(deleters, len(ids)))
	for i := range errs {
		running.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(ids)) && !failed.Load(); n = next.Add(1) - 1 {
				if err := c.Delete(ctx, ids[n]); err != nil && !errors.Is(err, store.ErrNotFound) {
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

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
