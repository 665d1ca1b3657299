package sec

import (
	"context"
	"errors"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Retention says which final sagas a coordinator deletes. Sagas that are not final, stuck ones included, are never deleted.
type Retention struct {
	// MaxAge is how long a saga is kept after it has ended. Zero means for ever.
	MaxAge time.Duration
	// MaxCount is how many are kept, those that ended last. Zero means any number.
	MaxCount int
	// Every is how often the coordinator looks. Default: 1 min.
	Every time.Duration
}

func (r Retention) enabled() bool { return r.MaxAge > 0 || r.MaxCount > 0 }

var finalStates = []saga.State{saga.StateSucceeded, saga.StateFailed, saga.StateAbandoned}

// retentionBatch is how many records are read at a time, so that the store serves others between.
const retentionBatch = 500

// retain deletes what is too old or too much, until the coordinator shuts down.
func (c *Coordinator) retain() {
	ticker := time.NewTicker(c.config.Retention.Every)
	defer ticker.Stop()
	for {
		if err := c.deleteExpired(); err != nil && !c.isStopped() {
			c.config.Logger.Warn("retention: deleting finished sagas fails; trying again later", "error", err)
		}
		select {
		case <-ticker.C:
		case <-c.stopping:
			return
		}
	}
}

// deleteExpired goes through all final sagas, a batch at a time.
func (c *Coordinator) deleteExpired() error {
	type ended struct {
		id saga.ID
		at time.Time
	}
	var kept []ended
	query := store.Query{States: finalStates, Limit: retentionBatch}
	for {
		records, err := c.aside.list(c.alive, query)
		if err != nil {
			return err
		}
		for _, r := range records {
			if c.config.Retention.MaxAge > 0 && time.Since(r.Updated) > c.config.Retention.MaxAge {
				if err := c.deleteFinal(r.ID); err != nil {
					return err
				}
			} else if c.config.Retention.MaxCount > 0 {
				kept = append(kept, ended{r.ID, r.Updated})
			}
		}
		if len(records) < retentionBatch || c.isStopped() {
			break
		}
		query.After = records[len(records)-1].ID
	}
	excess := len(kept) - c.config.Retention.MaxCount
	if c.config.Retention.MaxCount == 0 || excess <= 0 {
		return nil
	}
	slices.SortFunc(kept, func(a, b ended) int { return a.at.Compare(b.at) })
	for _, e := range kept[:excess] {
		if err := c.deleteFinal(e.id); err != nil {
			return err
		}
	}
	return nil
}

// deleteFinal deletes a saga; that another coordinator has deleted it meanwhile is no error.
func (c *Coordinator) deleteFinal(id saga.ID) error {
	return c.aside.withStore(c.alive, func(ctx context.Context, st store.Store) error {
		if err := st.Delete(ctx, id); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	})
}
