package sec_test

import (
	"context"
	"slices"
	"sync"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// logsStore records how sagas are claimed and how their logs are read.
type logsStore struct {
	store.Store
	// logs, if not nil, is called in place of Logs.
	logs func(ctx context.Context, ids []saga.ID) ([][]engine.Event, error)
	// claims, if not nil, is called after a claim with the number of its sagas,
	// if there are any.
	claims func(n int)

	mu       sync.Mutex
	claimed  []int       // the number of sagas of each claim that found some
	together [][]saga.ID // the sagas of each call of Logs
	alone    []saga.ID   // the sagas of the calls of Events
}

func (l *logsStore) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
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

func (l *logsStore) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	l.mu.Lock()
	l.together = append(l.together, slices.Clone(ids))
	l.mu.Unlock()
	if l.logs != nil {
		return l.logs(ctx, ids)
	}
	return l.Store.Logs(ctx, ids)
}

func (l *logsStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	l.mu.Lock()
	l.alone = append(l.alone, id)
	l.mu.Unlock()
	return l.Store.Events(ctx, id, from, limit)
}
