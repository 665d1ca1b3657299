package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// finishedCases returns what writing costs when the store is full of finished sagas, beside an empty one.
func finishedCases() []benchCase {
	return []benchCase{
		{name: "finished-1m/sqlite", nodes: tripNodes, unit: milliseconds, setup: besideFinished("sqlite", openSQLite)},
		{name: "finished-1m/postgres", nodes: tripNodes, unit: milliseconds, setup: besideFinished("postgres", openPostgres)},
	}
}

// besideFinished returns a setup whose stores are filled once, and kept for all rounds.
func besideFinished(name string, open opener) func(context.Context, *lab, int) (session, error) {
	return func(ctx context.Context, l *lab, _ int) (session, error) {
		if p := l.filled[name]; p != nil {
			return p, nil
		}
		empty, err := open(ctx, l)
		if err != nil {
			return nil, err
		}
		full, err := open(ctx, l)
		if err != nil {
			return nil, errors.Join(err, empty.close())
		}
		p := &pair{full: full, empty: empty, finished: l.finished}
		l.filled[name] = p // and so it's closed, whatever happens
		if err := fill(ctx, full.store, l.finished, finishedTrip); err != nil {
			return nil, err
		}
		return p, checkSucceeded(ctx, full.store, int64(l.finished))
	}
}

// pair is a store full of finished sagas and an empty one.
type pair struct {
	full, empty *backend
	finished    int
	made        int64 // sagas created in each by measuring
}

// close does nothing: the lab removes what is kept for other rounds.
func (p *pair) close() error { return nil }

func (p *pair) remove() error { return errors.Join(p.full.close(), p.empty.close()) }

// measure creates sagas in both stores in turn and appends to them, one call at a time, and takes the middle of the times.
func (p *pair) measure(ctx context.Context, b budget) ([]sample, error) {
	stores := []*backend{p.empty, p.full}
	creates, appends := make([][]time.Duration, 2), make([][]time.Duration, 2)
	calls := int64(0)
	for start := time.Now(); calls == 0 || time.Since(start) < b.time && (b.sagas <= 0 || calls < b.sagas); calls++ {
		for i, of := range stores {
			s, err := unfinishedTrip(p.made)
			if err != nil {
				return nil, err
			}
			begun := time.Now()
			if err := of.store.Create(ctx, s); err != nil {
				return nil, err
			}
			created := time.Now()
			err = of.store.Append(ctx, store.Append{
				ID: s.ID, Generation: 1, Seq: 1, State: saga.StateSucceeded,
				Events: []saga.Event{{Seq: 1, Node: 1, Kind: saga.EventSucceeded, Payload: []byte(`{"Number":"1"}`), At: begun}},
			})
			if err != nil {
				return nil, err
			}
			creates[i] = append(creates[i], created.Sub(begun))
			appends[i] = append(appends[i], time.Since(created))
			if err := checkEvents(ctx, of.store, s.ID, 2); err != nil {
				return nil, err
			}
		}
		p.made++
	}
	part := func(name string, finished int, times []time.Duration) sample {
		return sample{part: name, size: finished, value: inMilliseconds(percentilesOf(times).p50), use: noUsage}
	}
	return []sample{
		part("create-empty", 0, creates[0]), part("create-full", p.finished, creates[1]),
		part("append-empty", 0, appends[0]), part("append-full", p.finished, appends[1]),
	}, nil
}

// checkEvents returns an error unless the saga has that many events.
func checkEvents(ctx context.Context, st store.Store, id saga.ID, want int) error {
	events, err := st.Events(ctx, id, 0, 0)
	if err == nil && len(events) != want {
		err = fmt.Errorf("saga %s has %d events, want %d", id, len(events), want)
	}
	return err
}
