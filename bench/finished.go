package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// finishedCases returns the cases that compare writes to a store full of
// finished sagas with writes to an empty one.
func finishedCases() []benchCase {
	return []benchCase{
		{
			name: "finished-1m/sqlite", nodes: tripNodes, unit: milliseconds,
			setup: finishedOn("sqlite", openSQLite),
		},
		{
			name: "finished-1m/postgres", nodes: tripNodes, unit: milliseconds,
			setup: finishedOn("postgres", openPostgres),
		},
	}
}

// finishedOn returns a setup whose stores are filled once and kept for all
// rounds.
func finishedOn(name string, open opener) setupFunc {
	return func(ctx context.Context, env *environment, _ int) (session, error) {
		if p := env.filled[name]; p != nil {
			return p, nil
		}
		empty, err := open(ctx, env)
		if err != nil {
			return nil, err
		}
		full, err := open(ctx, env)
		if err != nil {
			return nil, errors.Join(err, empty.close())
		}
		p := &storePair{full: full, empty: empty, finished: env.finished}
		env.filled[name] = p // from here on, the environment closes it
		if err := fill(ctx, full.store, env.finished, finishedTrip); err != nil {
			return nil, err
		}
		return p, checkSucceeded(ctx, full.store, int64(env.finished))
	}
}

// storePair is a store full of finished sagas and an empty one.
type storePair struct {
	full, empty *backend
	finished    int
	created     int64 // sagas that measure created in each store
}

// close does nothing, because the stores are kept for other rounds.
func (p *storePair) close() error { return nil }

// remove closes and removes the stores. The environment calls it at its end.
func (p *storePair) remove() error { return errors.Join(p.full.close(), p.empty.close()) }

// measure creates sagas in both stores in turn and appends to them, one call at
// a time. The samples have the medians.
func (p *storePair) measure(ctx context.Context, b budget) ([]sample, error) {
	stores := []*backend{p.empty, p.full}
	creates, appends := make([][]time.Duration, 2), make([][]time.Duration, 2)
	calls := int64(0)
	for begin := time.Now(); calls == 0 || time.Since(begin) < b.time && (b.sagas <= 0 || calls < b.sagas); calls++ {
		for i, of := range stores {
			s, err := unfinishedTrip(p.created)
			if err != nil {
				return nil, err
			}
			start := time.Now()
			if err := of.store.Create(ctx, s); err != nil {
				return nil, err
			}
			created := time.Now()
			err = of.store.Append(ctx, store.Append{
				ID: s.ID, Generation: 1, Seq: 1, State: saga.StateSucceeded,
				Events: []engine.Event{{
					Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: []byte(`{"Number":"1"}`), At: start,
				}},
			})
			if err != nil {
				return nil, err
			}
			creates[i] = append(creates[i], created.Sub(start))
			appends[i] = append(appends[i], time.Since(created))
			if err := checkEvents(ctx, of.store, s.ID, 2); err != nil {
				return nil, err
			}
		}
		p.created++
	}
	part := func(name string, finished int, times []time.Duration) sample {
		return sample{part: name, size: finished, value: inMilliseconds(percentilesOf(times).p50), use: noUsage}
	}
	return []sample{
		part("create-empty", 0, creates[0]), part("create-full", p.finished, creates[1]),
		part("append-empty", 0, appends[0]), part("append-full", p.finished, appends[1]),
	}, nil
}

// checkEvents returns an error unless the saga has want events.
func checkEvents(ctx context.Context, st store.Store, id saga.ID, want int) error {
	events, err := st.Events(ctx, id, 0, 0)
	if err == nil && len(events) != want {
		err = fmt.Errorf("saga %s has %d events, want %d", id, len(events), want)
	}
	return err
}
