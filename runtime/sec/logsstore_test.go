package sec_test

import (
	"context"
	"slices"
	"sync"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// logsStore notes how sagas are claimed and read.
type logsStore struct {
	store.Store
	// logs, if not nil, is called instead of Logs.
	logs func(ctx context.Context, ids []saga.ID) ([][]saga.Event, error)
	// claims, if not nil, is called when a claim has found as many.
	claims func(n int)

	mu       sync.Mutex
	claimed  []int       // how many with each claim that found some
	together [][]saga.ID // what was read with one call
	alone    []saga.ID
}

func (l *logsStore) Claim(ctx context.Context, c store.Claim) ([]store.Record, error) {
	records, err := l.Store.Claim(ctx, c)
	if len(records) > 0 {
		if l.claims != nil {
			l.claims(len(records))
		}
		l.mu.Lock()
		l.claimed = append(l.claimed, len(records))
		l.mu.Unlock()
	}
	return records, err
}

func (l *logsStore) Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error) {
	l.mu.Lock()
	l.together = append(l.together, slices.Clone(ids))
	l.mu.Unlock()
	if l.logs != nil {
		return l.logs(ctx, ids)
	}
	return l.Store.Logs(ctx, ids)
}

func (l *logsStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error) {
	l.mu.Lock()
	l.alone = append(l.alone, id)
	l.mu.Unlock()
	return l.Store.Events(ctx, id, from, limit)
}
