package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // its support of SQLite
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sagagen/sagagen/bench/trip"
)

// DBOS runs with its defaults: on PostgreSQL a pool of 20 connections, on SQLite one of 8 with synchronous=NORMAL, with which a
// commit may be lost with the machine. The cases with "full" in their names set synchronous=FULL, as our store does, and nothing else.
const (
	synchronousNormal = "normal"
	synchronousFull   = "full"
)

// peerService has the functions of a trip, for systems that want them without a receiver of the session's.
var peerService = &trip.Service{}

// dbosWorkflow registers a workflow, and returns what runs one and checks what comes out.
type dbosWorkflow func(dbos.Context) (run func() error)

// tripWorkflow is the trip, with goroutines where our DAG has several nodes in a stage.
func tripWorkflow(ctx dbos.Context) func() error {
	dbos.RegisterWorkflow(ctx, bookWithDBOS)
	var numbers atomic.Int64
	return func() error {
		params := trip.Number(numbers.Add(1))
		handle, err := dbos.RunWorkflow(ctx, bookWithDBOS, params)
		if err != nil {
			return err
		}
		summary, err := handle.GetResult()
		if err != nil {
			return err
		}
		return params.Check(summary)
	}
}

func bookWithDBOS(ctx dbos.Context, params trip.BookTrip) (trip.Summary, error) {
	payment, err := dbos.RunAsStep(ctx, func(ctx context.Context) (trip.Payment, error) { return peerService.ChargeCard(ctx, params) }, dbos.WithStepName("payment"))
	if err != nil {
		return trip.Summary{}, err
	}
	hotel, hotelErr := dbos.Go(ctx, func(ctx context.Context) (trip.Hotel, error) { return peerService.BookHotel(ctx, params) }, dbos.WithStepName("hotel"))
	flight, flightErr := dbos.Go(ctx, func(ctx context.Context) (trip.Flight, error) { return peerService.BookFlight(ctx, params) }, dbos.WithStepName("flight"))
	car, carErr := dbos.Go(ctx, func(ctx context.Context) (trip.Car, error) { return peerService.BookCar(ctx, params) }, dbos.WithStepName("car"))
	if err := errors.Join(hotelErr, flightErr, carErr); err != nil {
		return trip.Summary{}, err
	}
	room, seat, key := <-hotel, <-flight, <-car
	if err := errors.Join(room.Err, seat.Err, key.Err); err != nil {
		return trip.Summary{}, err
	}
	return dbos.RunAsStep(ctx, func(context.Context) (trip.Summary, error) {
		return trip.Summarize(payment, room.Result, seat.Result, key.Result)
	}, dbos.WithStepName("summary"))
}

// chainWorkflow is ten steps, one after the other.
func chainWorkflow(ctx dbos.Context) func() error {
	dbos.RegisterWorkflow(ctx, countWithDBOS)
	var numbers atomic.Int64
	return func() error {
		first := numbers.Add(1)
		handle, err := dbos.RunWorkflow(ctx, countWithDBOS, counter{first})
		if err != nil {
			return err
		}
		last, err := handle.GetResult()
		if err == nil && last.N != first+10 {
			err = fmt.Errorf("workflow came to %d, want %d", last.N, first+10)
		}
		return err
	}
}

func countWithDBOS(ctx dbos.Context, n counter) (counter, error) {
	for range 10 {
		before := n
		var err error
		n, err = dbos.RunAsStep(ctx, func(context.Context) (counter, error) { return counter{before.N + 1}, nil }, dbos.WithStepName("count"))
		if err != nil {
			return counter{}, err
		}
	}
	return n, nil
}

// dbosSQLite returns the setup of DBOS on a new file. The handle is made as DBOS makes its own, but for the hook that counts commits.
func dbosSQLite(load dbosWorkflow, synchronous string) func(context.Context, *lab, int) (session, error) {
	return func(ctx context.Context, l *lab, clients int) (session, error) {
		file, err := openFile(l, "_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=foreign_keys(on)&_pragma=synchronous("+synchronous+")")
		if err != nil {
			return nil, err
		}
		file.SetMaxOpenConns(8)
		file.SetMaxIdleConns(4)
		return newDBOS(ctx, load, clients, dbos.Config{SQLiteSystemDB: file.DB}, file.meter,
			func(ctx context.Context) (done, all int64, err error) {
				err = file.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE status = 'SUCCESS'), count(*) FROM workflow_status").Scan(&done, &all)
				return done, all, err
			}, file.remove)
	}
}

// dbosPostgres returns the setup of DBOS in a new database. It makes its own pool.
func dbosPostgres(load dbosWorkflow) func(context.Context, *lab, int) (session, error) {
	return func(ctx context.Context, l *lab, clients int) (session, error) {
		d, err := l.newDatabase(ctx)
		if err != nil {
			return nil, err
		}
		return newDBOS(ctx, load, clients, dbos.Config{DatabaseURL: d.url}, d.meter,
			func(ctx context.Context) (done, all int64, err error) {
				pool, err := pgxpool.New(ctx, d.url)
				if err != nil {
					return 0, 0, err
				}
				defer pool.Close()
				err = pool.QueryRow(ctx, "SELECT count(*) FILTER (WHERE status = 'SUCCESS'), count(*) FROM dbos.workflow_status").Scan(&done, &all)
				return done, all, err
			}, d.drop)
	}
}

// newDBOS launches DBOS. Count returns how many workflows the database has, and how many of them have succeeded; remove removes the database, also
// when newDBOS returns an error.
func newDBOS(ctx context.Context, load dbosWorkflow, clients int, config dbos.Config, read meter,
	count func(context.Context) (done, all int64, err error), remove func() error) (session, error) {
	config.AppName, config.Logger = "bench", slog.New(slog.DiscardHandler)
	runtime, err := dbos.NewContext(ctx, config)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	run := load(runtime)
	end := func() error { return errors.Join(dbos.Shutdown(runtime, 30*time.Second), remove()) }
	if err := dbos.Launch(runtime); err != nil {
		return nil, errors.Join(err, end())
	}
	return &crowd{
		clients: clients,
		saga:    func(context.Context) error { return run() },
		meter:   read,
		verify: func(ctx context.Context, sagas int64) error {
			done, all, err := count(ctx)
			if err == nil && (done != sagas || all != sagas) {
				err = fmt.Errorf("the database has %d workflows, %d of which have succeeded, want %d", all, done, sagas)
			}
			return err
		},
		end: end,
	}, nil
}
