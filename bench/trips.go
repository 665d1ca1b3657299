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

// tripNodes is how many actions a trip has.
const tripNodes = 5

// newTrips returns the workload of trips.
func newTrips() *workload { return newHeavyTrips(0)() }

// newHeavyTrips returns the workload of trips whose card has that many bytes more. They are in the parameters, in the output of the payment
// and in that of the saga.
func newHeavyTrips(bytes int) func() *workload {
	random := make([]byte, bytes/2) // which a database can't make smaller
	_, _ = rand.Read(random)
	return func() *workload { return newPaddedTrips(hex.EncodeToString(random)) }
}

func newPaddedTrips(padding string) *workload {
	var numbers, charged atomic.Int64
	service := &trip.Service{Charging: func(trip.BookTrip) { charged.Add(1) }}
	return &workload{
		registry: trip.NewRegistry(service),
		run: func(ctx context.Context, c *sec.Coordinator) error {
			params := trip.Number(numbers.Add(1))
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
				return fmt.Errorf("%d trips charged a card %d times", sagas, n)
			}
			return nil
		},
	}
}

// naiveTrip is the setup of the limit: the functions of a trip called in order, with goroutines for what is parallel, and nothing kept.
func naiveTrip(_ context.Context, _ *lab, clients int) (session, error) {
	var numbers, charged atomic.Int64
	service := &trip.Service{Charging: func(trip.BookTrip) { charged.Add(1) }}
	return &crowd{
		clients: clients,
		saga: func(ctx context.Context) error {
			params := trip.Number(numbers.Add(1))
			summary, err := bookNaively(ctx, service, params)
			if err != nil {
				return err
			}
			return params.Check(summary)
		},
		meter: noMeter,
		verify: func(_ context.Context, sagas int64) error {
			if n := charged.Load(); n != sagas {
				return fmt.Errorf("%d trips charged a card %d times", sagas, n)
			}
			return nil
		},
		end: func() error { return nil },
	}, nil
}

// bookNaively leaves out what a program would do about errors, which there aren't.
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

// payloadCases returns trips with more in them.
func payloadCases() []benchCase {
	var cases []benchCase
	for _, size := range []struct {
		name  string
		bytes int
	}{{"1k", 1 << 10}, {"64k", 64 << 10}} {
		load := newHeavyTrips(size.bytes)
		cases = append(cases,
			benchCase{name: "memory/trip-" + size.name, setup: ours(openMemory, load)},
			benchCase{name: "sqlite/trip-" + size.name, setup: ours(openSQLite, load)},
			benchCase{name: "postgres/trip-" + size.name, setup: ours(openPostgres, load)})
	}
	for i := range cases {
		cases[i].clients, cases[i].nodes, cases[i].unit = 1, tripNodes, sagasPerSecond
	}
	return cases
}
