package main

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"

	"github.com/sagagen/sagagen/bench/trip"
	"github.com/sagagen/sagagen/runtime/engine"
)

// fillers is the number of concurrent calls of Create. It is large enough for
// large group commits.
const fillers = 256

// fill creates sagas in a store. The function record returns the saga with
// number n, which starts at 1.
func fill(ctx context.Context, st store.Store, sagas int, record func(n int64) (store.NewSaga, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		numbers atomic.Int64
		workers sync.WaitGroup
	)
	for range fillers {
		workers.Go(func() {
			for n := numbers.Add(1); n <= int64(sagas) && ctx.Err() == nil; n = numbers.Add(1) {
				s, err := record(n)
				if err == nil {
					err = st.Create(ctx, s)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// unfinishedTrip returns a trip whose coordinator crashed while it charged the
// card.
func unfinishedTrip(n int64) (store.NewSaga, error) {
	return tripRecord(n, saga.StateRunning, engine.Event{Node: 1, Kind: engine.EventStarted})
}

// finishedTrip returns a successful trip with all its events.
func finishedTrip(n int64) (store.NewSaga, error) {
	var events []engine.Event
	for node := engine.NodeID(1); node <= tripNodes; node++ {
		output, err := json.Marshal(trip.Payment{Number: trip.NewParams(n).Card})
		if err != nil {
			return store.NewSaga{}, err
		}
		events = append(events,
			engine.Event{Node: node, Kind: engine.EventStarted},
			engine.Event{Node: node, Kind: engine.EventSucceeded, Payload: output})
	}
	return tripRecord(n, saga.StateSucceeded, events...)
}

func tripRecord(n int64, state saga.State, events ...engine.Event) (store.NewSaga, error) {
	withParams, err := saga.NewSagaDAG(trip.BookTripDAG(), trip.NewParams(n))
	if err != nil {
		return store.NewSaga{}, err
	}
	dag, params, err := withParams.Parts()
	if err != nil {
		return store.NewSaga{}, err
	}
	now := time.Now()
	for i := range events {
		events[i].Seq, events[i].At = uint64(i), now
	}
	return store.NewSaga{
		ID: saga.NewID(), Name: withParams.Name(), DAG: dag, Params: params,
		State: state, Events: events, Owner: "crashed coordinator",
	}, nil
}
