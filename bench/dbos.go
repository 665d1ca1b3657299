package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // registers the SQLite driver
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sagagen/sagagen/bench/trip"
)

// DBOS runs with its defaults: a pool of 20 connections on PostgreSQL, and one
// of 8 on SQLite with synchronous=NORMAL. With this setting a commit can be
// lost if the machine crashes. The only difference of the cases with "full" in
// their names is synchronous=FULL, as in our store.
const (
	synchronousNormal = "normal"
	synchronousFull   = "full"
)

// sharedService has the functions of a trip for systems whose workflows can't
// have a service per session.
var sharedService = &trip.Service{}

// dbosWorkflow registers a workflow. It returns a function that runs the
// workflow and checks its output.
type dbosWorkflow func(dbos.Context) (run func() error)

// tripWorkflow is the trip. It uses goroutines for the nodes that are parallel
// in our DAG.
func tripWorkflow(ctx dbos.Context) func() error {
	dbos.RegisterWorkflow(ctx, bookWithDBOS)
	var numbers atomic.Int64
	return func() error {
		params := trip.NewParams(numbers.Add(1))
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
	charge := func(ctx context.Context) (trip.Payment, error) { return sharedService.ChargeCard(ctx, params) }
	bookHotel := func(ctx context.Context) (trip.Hotel, error) { return sharedService.BookHotel(ctx, params) }
	bookFlight := func(ctx context.Context) (trip.Flight, error) { return sharedService.BookFlight(ctx, params) }
	bookCar := func(ctx context.Context) (trip.Car, error) { return sharedService.BookCar(ctx, params) }
	payment, err := dbos.RunAsStep(ctx, charge, dbos.WithStepName("payment"))
	if err != nil {
		return trip.Summary{}, err
	}
	hotel, hotelErr := dbos.Go(ctx, bookHotel, dbos.WithStepName("hotel"))
	flight, flightErr := dbos.Go(ctx, bookFlight, dbos.WithStepName("flight"))
	car, carErr := dbos.Go(ctx, bookCar, dbos.WithStepName("car"))
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

// chainWorkflow has ten steps, one after the other.
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
			err = fmt.Errorf("workflow returned %d, want %d", last.N, first+10)
		}
		return err
	}
}

func countWithDBOS(ctx dbos.Context, n counter) (counter, error) {
	for range 10 {
		before := n
		increment := func(context.Context) (counter, error) { return counter{before.N + 1}, nil }
		var err error
		n, err = dbos.RunAsStep(ctx, increment, dbos.WithStepName("count"))
		if err != nil {
			return counter{}, err
		}
	}
	return n, nil
}

// dbosSQLite returns the setup of DBOS on a new file. The database handle has
// the same settings as the one that DBOS creates, and a hook that counts
// commits.
func dbosSQLite(load dbosWorkflow, synchronous string) setupFunc {
	return func(ctx context.Context, env *environment, clients int) (session, error) {
		file, err := openFile(env, "_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)"+
			"&_pragma=foreign_keys(on)&_pragma=synchronous("+synchronous+")")
		if err != nil {
			return nil, err
		}
		file.SetMaxOpenConns(8)
		file.SetMaxIdleConns(4)
		return newDBOS(ctx, load, clients, dbos.Config{SQLiteSystemDB: file.DB}, file.meter,
			func(ctx context.Context) (done, all int64, err error) {
				err = file.QueryRowContext(ctx, `
					SELECT count(*) FILTER (WHERE status = 'SUCCESS'), count(*)
					FROM workflow_status`).Scan(&done, &all)
				return done, all, err
			}, file.remove)
	}
}

// dbosPostgres returns the setup of DBOS in a new database. DBOS creates its
// own pool.
func dbosPostgres(load dbosWorkflow) setupFunc {
	return func(ctx context.Context, env *environment, clients int) (session, error) {
		d, err := env.newDatabase(ctx)
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
				err = pool.QueryRow(ctx, `
					SELECT count(*) FILTER (WHERE status = 'SUCCESS'), count(*)
					FROM dbos.workflow_status`).Scan(&done, &all)
				return done, all, err
			}, d.drop)
	}
}

// newDBOS launches DBOS. The function count returns the number of workflows in
// the database, and how many of them have succeeded. The function remove
// removes the database. If newDBOS returns an error, it has called remove.
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
	return &closedLoop{
		clients: clients,
		saga:    func(context.Context) error { return run() },
		meter:   read,
		verify: func(ctx context.Context, sagas int64) error {
			done, all, err := count(ctx)
			if err == nil && (done != sagas || all != sagas) {
				err = fmt.Errorf("the database has %d workflows, of which %d have succeeded, want %d", all, done, sagas)
			}
			return err
		},
		end: end,
	}, nil
}
