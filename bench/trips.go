package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/sagagen/sagagen/bench/trip"
	"github.com/sagagen/sagagen/runtime/sec"
)

// tripNodes is the number of actions of a trip.
const tripNodes = 5

// newTrips returns a workload of trips.
func newTrips() *workload { return newTripsWithPayload(0)() }

// newTripsWithPayload returns a workload of trips whose card number has that
// many additional bytes. They are in the parameters, in the output of the
// payment and in the output of the saga.
func newTripsWithPayload(bytes int) func() *workload {
	random := make([]byte, bytes/2) // random, so databases can't compress them
	_, _ = rand.Read(random)
	return func() *workload { return newTripsWithPadding(hex.EncodeToString(random)) }
}

func newTripsWithPadding(padding string) *workload {
	var numbers, charged atomic.Int64
	service := &trip.Service{OnCharge: func(trip.BookTrip) { charged.Add(1) }}
	return &workload{
		registry: trip.NewRegistry(service),
		run: func(ctx context.Context, c *sec.Coordinator) error {
			params := trip.NewParams(numbers.Add(1))
			params.Card += padding
			run, err := trip.StartBookTrip(ctx, c, params)
			if err != nil {
				return err
			}
			result, err := run.Wait(ctx)
			if err != nil {
				return err
			}
			return params.Check(result.Summary())
		},
		check: func(sagas int64) error {
			if n := charged.Load(); n != sagas {
				return fmt.Errorf("%d trips charged a card %d times, want once each", sagas, n)
			}
			return nil
		},
	}
}

// naiveTrip is the setup of the upper limit. It calls the functions of a trip
// in order, with goroutines for the parallel ones, and stores nothing.
func naiveTrip(_ context.Context, _ *environment, clients int) (session, error) {
	var numbers, charged atomic.Int64
	service := &trip.Service{OnCharge: func(trip.BookTrip) { charged.Add(1) }}
	return &closedLoop{
		clients: clients,
		saga: func(ctx context.Context) error {
			params := trip.NewParams(numbers.Add(1))
			summary, err := bookNaively(ctx, service, params)
			if err != nil {
				return err
			}
			return params.Check(summary)
		},
		meter: noMeter,
		verify: func(_ context.Context, sagas int64) error {
			if n := charged.Load(); n != sagas {
				return fmt.Errorf("%d trips charged a card %d times, want once each", sagas, n)
			}
			return nil
		},
		end: func() error { return nil },
	}, nil
}

// bookNaively doesn't handle the errors of the parallel functions, which never
// fail.
func bookNaively(ctx context.Context, service *trip.Service, params trip.BookTrip) (trip.Summary, error) {
	payment, err := service.ChargeCard(ctx, params)
	if err != nil {
		return trip.Summary{}, err
	}
	var (
		hotel  trip.Hotel
		flight trip.Flight
		car    trip.Car
		stage  sync.WaitGroup
	)
	stage.Go(func() { hotel, _ = service.BookHotel(ctx, params) })
	stage.Go(func() { flight, _ = service.BookFlight(ctx, params) })
	stage.Go(func() { car, _ = service.BookCar(ctx, params) })
	stage.Wait()
	return trip.Summarize(payment, hotel, flight, car)
}

// payloadCases returns the cases of trips with a payload.
func payloadCases() []benchCase {
	var cases []benchCase
	for _, size := range []struct {
		name  string
		bytes int
	}{{"1k", 1 << 10}, {"64k", 64 << 10}} {
		load := newTripsWithPayload(size.bytes)
		cases = append(cases,
			benchCase{name: "memory/trip-" + size.name, setup: sagagenOn(openMemory, load)},
			benchCase{name: "sqlite/trip-" + size.name, setup: sagagenOn(openSQLite, load)},
			benchCase{name: "postgres/trip-" + size.name, setup: sagagenOn(openPostgres, load)})
	}
	for i := range cases {
		cases[i].clients, cases[i].nodes, cases[i].unit = 1, tripNodes, sagasPerSecond
	}
	return cases
}
