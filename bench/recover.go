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

// recoverCases returns the start of a coordinator on a store full of sagas that another one has left unfinished.
func recoverCases() []benchCase {
	return []benchCase{
		{name: "recover/sqlite", nodes: tripNodes, unit: milliseconds, short: true, setup: recoverOn(openSQLite)},
		{name: "recover/postgres", nodes: tripNodes, unit: milliseconds, short: true, setup: recoverOn(openPostgres)},
	}
}

func recoverOn(open opener) func(context.Context, *lab, int) (session, error) {
	return func(ctx context.Context, l *lab, _ int) (session, error) {
		b, err := open(ctx, l)
		if err != nil {
			return nil, err
		}
		if err := fill(ctx, b.store, l.unfinished, unfinishedTrip); err != nil {
			return nil, errors.Join(err, b.close())
		}
		return &recovery{backend: b, sagas: l.unfinished}, nil
	}
}

// recovery is a store of that many unfinished trips.
type recovery struct {
	*backend
	sagas int
}

func (r *recovery) close() error { return r.backend.close() }

// measure takes the times from the coordinator's start until the first saga runs again, until all have run again, and until all are
// finished. A saga runs again when its action is called.
func (r *recovery) measure(ctx context.Context, _ budget) ([]sample, error) {
	patience := time.Minute + time.Duration(r.sagas)*10*time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not all have ended after %v", patience))
	defer cancel()
	w := newWitness(r.sagas)
	c, err := newCoordinator(r.store, trip.NewRegistry(&trip.Service{Charging: w.charging}))
	if err != nil {
		return nil, err
	}
	select {
	case err = <-w.all:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	all := time.Since(w.start)
	if err == nil {
		err = waitUntilFinal(ctx, r.store)
	}
	if err == nil {
		select {
		case err = <-w.all: // there was more to tell: one ran twice
		default:
		}
	}
	finished := time.Since(w.start)
	if err != nil {
		err = fmt.Errorf("%d of %d sagas run again: %w", w.called.Load(), r.sagas, err)
	}
	if err := errors.Join(err, c.Shutdown(context.WithoutCancel(ctx))); err != nil {
		return nil, err
	}
	if err := checkSucceeded(ctx, r.store, int64(r.sagas)); err != nil {
		return nil, err
	}
	part := func(name string, d time.Duration) sample {
		return sample{part: name, size: r.sagas, value: inMilliseconds(d), use: noUsage}
	}
	return []sample{part("first", time.Duration(w.first.Load())), part("all", all), part("finished", finished)}, nil
}

// witness sees sagas run again, each once.
type witness struct {
	start time.Time
	seen  []atomic.Bool // by the trip's number, from 1
	// first is when the first one did, in nanoseconds after the start.
	first  atomic.Int64
	called atomic.Int64
	// all gets nil when all have, or an error when one runs again that shouldn't. Its buffer is for the first that there is to tell.
	all chan error
}

func newWitness(sagas int) *witness {
	return &witness{start: time.Now(), seen: make([]atomic.Bool, sagas+1), all: make(chan error, 1)}
}

// charging is told of every call of the action that was under way.
func (w *witness) charging(params trip.BookTrip) {
	n, err := strconv.Atoi(strings.TrimPrefix(params.Card, "card "))
	if err != nil || n < 1 || n >= len(w.seen) || w.seen[n].Swap(true) {
		w.tell(fmt.Errorf("a trip with %q runs again, which isn't unfinished any more", params.Card))
		return
	}
	w.first.CompareAndSwap(0, int64(time.Since(w.start)))
	if w.called.Add(1) == int64(len(w.seen)-1) {
		w.tell(nil)
	}
}

func (w *witness) tell(err error) {
	select {
	case w.all <- err:
	default:
	}
}

// waitUntilFinal returns when no saga of the store can go on.
func waitUntilFinal(ctx context.Context, st store.Store) error {
	open := store.Query{States: []saga.State{saga.StateCreated, saga.StateRunning, saga.StateUnwinding}, Limit: 1}
	for {
		records, err := st.List(ctx, open)
		if err != nil || len(records) == 0 {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond): // rarely enough not to be in the way
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
