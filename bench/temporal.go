package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/sagagen/sagagen/bench/trip"
)

// temporalTrip is the setup of the trip on a Temporal server. The server has
// its own database, whose commits aren't counted. The worker runs in this
// process, and client and worker have the defaults of the SDK.
func temporalTrip(ctx context.Context, env *environment, clients int) (session, error) {
	if env.temporal == "" {
		err := fmt.Errorf("%w: set the address of a Temporal server with -temporal or $SAGA_BENCH_TEMPORAL", errSkip)
		return nil, err
	}
	c, err := client.DialContext(ctx, client.Options{
		HostPort: env.temporal,
		Logger:   log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, fmt.Errorf("connect to the Temporal server at %s: %w", env.temporal, err)
	}
	env.databases++
	queue := fmt.Sprintf("sagabench-%d-%d", os.Getpid(), env.databases)
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(bookWithTemporal)
	w.RegisterActivity(sharedService)
	w.RegisterActivity(trip.Summarize)
	if err := w.Start(); err != nil {
		c.Close()
		return nil, err
	}
	var numbers, done atomic.Int64
	return &closedLoop{
		clients: clients,
		saga: func(ctx context.Context) error {
			params := trip.NewParams(numbers.Add(1))
			run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queue}, bookWithTemporal, params)
			if err != nil {
				return err
			}
			var summary trip.Summary
			if err := run.Get(ctx, &summary); err != nil {
				return err
			}
			done.Add(1)
			return params.Check(summary)
		},
		meter: noMeter,
		verify: func(_ context.Context, sagas int64) error {
			if n := done.Load(); n != sagas {
				return fmt.Errorf("%d workflows have finished, want %d", n, sagas)
			}
			return nil
		},
		end: func() error {
			w.Stop()
			c.Close()
			return nil
		},
	}, nil
}

func bookWithTemporal(ctx workflow.Context, params trip.BookTrip) (summary trip.Summary, err error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var payment trip.Payment
	if err := workflow.ExecuteActivity(ctx, sharedService.ChargeCard, params).Get(ctx, &payment); err != nil {
		return summary, err
	}
	hotels := workflow.ExecuteActivity(ctx, sharedService.BookHotel, params)
	flights := workflow.ExecuteActivity(ctx, sharedService.BookFlight, params)
	cars := workflow.ExecuteActivity(ctx, sharedService.BookCar, params)
	var (
		hotel  trip.Hotel
		flight trip.Flight
		car    trip.Car
	)
	if err := hotels.Get(ctx, &hotel); err != nil {
		return summary, err
	}
	if err := flights.Get(ctx, &flight); err != nil {
		return summary, err
	}
	if err := cars.Get(ctx, &car); err != nil {
		return summary, err
	}
	return summary, workflow.ExecuteActivity(ctx, trip.Summarize, payment, hotel, flight, car).Get(ctx, &summary)
}
