package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"

	"github.com/sagagen/sagagen/bench/trip"
)

// recoverCases returns the cases that start a coordinator on a store full of
// unfinished sagas of a crashed one.
func recoverCases() []benchCase {
	return []benchCase{
		{name: "recover/sqlite", nodes: tripNodes, unit: milliseconds, short: true, setup: recoverOn(openSQLite)},
		{name: "recover/postgres", nodes: tripNodes, unit: milliseconds, short: true, setup: recoverOn(openPostgres)},
	}
}

func recoverOn(open opener) setupFunc {
	return func(ctx context.Context, env *environment, _ int) (session, error) {
		b, err := open(ctx, env)
		if err != nil {
			return nil, err
		}
		if err := fill(ctx, b.store, env.unfinished, unfinishedTrip); err != nil {
			return nil, errors.Join(err, b.close())
		}
		return &recovery{backend: b, sagas: env.unfinished}, nil
	}
}

// recovery is a session on a store of unfinished trips.
type recovery struct {
	*backend
	sagas int
}

func (r *recovery) close() error { return r.backend.close() }

// measure measures the time from the start of the coordinator until the first
// saga is recovered, until all are recovered, and until all are finished. A
// saga is recovered when its action is called again.
func (r *recovery) measure(ctx context.Context, _ budget) ([]sample, error) {
	timeout := time.Minute + time.Duration(r.sagas)*10*time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not all sagas are finished after %v", timeout))
	defer cancel()
	tracker := newRecoveryTracker(r.sagas)
	c, err := newCoordinator(r.store, trip.NewRegistry(&trip.Service{OnCharge: tracker.onCharge}))
	if err != nil {
		return nil, err
	}
	select {
	case err = <-tracker.all:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	all := time.Since(tracker.start)
	if err == nil {
		err = waitUntilFinal(ctx, r.store)
	}
	if err == nil {
		select {
		case err = <-tracker.all: // an error after all were recovered: one ran twice
		default:
		}
	}
	finished := time.Since(tracker.start)
	if err != nil {
		err = fmt.Errorf("%d of %d sagas recovered: %w", tracker.called.Load(), r.sagas, err)
	}
	if err := errors.Join(err, c.Stop(context.WithoutCancel(ctx))); err != nil {
		return nil, err
	}
	if err := checkSucceeded(ctx, r.store, int64(r.sagas)); err != nil {
		return nil, err
	}
	part := func(name string, d time.Duration) sample {
		return sample{part: name, size: r.sagas, value: inMilliseconds(d), use: noUsage}
	}
	first := time.Duration(tracker.first.Load())
	return []sample{part("first", first), part("all", all), part("finished", finished)}, nil
}

// recoveryTracker checks that each saga is recovered once.
type recoveryTracker struct {
	start time.Time
	seen  []atomic.Bool // by the number of the trip, from 1
	// first is when the first saga was recovered, in nanoseconds after start.
	first  atomic.Int64
	called atomic.Int64
	// all receives nil when all sagas are recovered, or an error if a saga is
	// recovered twice. Its buffer holds one result; later ones are dropped.
	all chan error
}

func newRecoveryTracker(sagas int) *recoveryTracker {
	return &recoveryTracker{start: time.Now(), seen: make([]atomic.Bool, sagas+1), all: make(chan error, 1)}
}

// onCharge must be called for each call of the recovered action.
func (t *recoveryTracker) onCharge(params trip.BookTrip) {
	n, err := strconv.Atoi(strings.TrimPrefix(params.Card, "card "))
	if err != nil || n < 1 || n >= len(t.seen) || t.seen[n].Swap(true) {
		t.report(fmt.Errorf("trip with %q is recovered twice, or was never unfinished", params.Card))
		return
	}
	t.first.CompareAndSwap(0, int64(time.Since(t.start)))
	if t.called.Add(1) == int64(len(t.seen)-1) {
		t.report(nil)
	}
}

func (t *recoveryTracker) report(err error) {
	select {
	case t.all <- err:
	default:
	}
}

// waitUntilFinal returns when the store has no saga that is created, running or
// unwinding.
func waitUntilFinal(ctx context.Context, st store.Store) error {
	unfinished := saga.Query{States: []saga.State{saga.StateCreated, saga.StateRunning, saga.StateUnwinding}, Limit: 1}
	for {
		records, err := st.List(ctx, unfinished)
		if err != nil || len(records) == 0 {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond): // rare enough not to affect the measurement
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
