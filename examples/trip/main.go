// Command trip books a trip as a saga. It charges a card, then books a hotel, a
// flight and a car in parallel. If one step fails, the others are undone.
//
//	trip                      # book a trip
//	trip -fail car            # book a trip that fails, and undo its steps
//	trip -crash-after hotel   # kill the process after the hotel is booked
//	trip                      # resume the saga of the killed process
//
// The saga is in service.go. sagagen generates trip_saga_gen.go from it.
// main.go starts and resumes sagas; fault.go makes them fail.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

func main() {
	options, err := parse(os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "trip: %v\n", err)
		os.Exit(2)
	}
	err = run(context.Background(), options, NewLedger(), os.Stdout)
	if err == nil {
		return
	}
	if !errors.As(err, new(*saga.FailedError)) { // run has printed a FailedError
		fmt.Fprintf(os.Stderr, "trip: %v\n", err)
	}
	os.Exit(1)
}

type options struct {
	db               string
	fail, crashAfter saga.NodePath // nodes of the DAG; empty for none
}

// parse parses the command line. With -h it prints the usage to stdout and
// returns flag.ErrHelp.
func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("trip", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	flags.StringVar(&o.db, "db", "trip.db", "keep the sagas in the SQLite database `FILE`, created if missing")
	flags.Func("fail", "make `NODE` fail: "+nodeNames(), nodeFlag(&o.fail))
	flags.Func("crash-after", "kill this process as soon as the success of `NODE` is in the log: "+nodeNames(),
		nodeFlag(&o.crashAfter))
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "usage: trip [flags]")
		flags.PrintDefaults()
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q: trip takes only flags, see trip -h", flags.Arg(0))
	}
	return o, err
}

func nodeFlag(node *saga.NodePath) func(string) error {
	return func(name string) error {
		*node = saga.NodePath(name)
		if _, err := BookTripDAG().Find(*node); err != nil {
			return fmt.Errorf("no such node; the nodes are %s", nodeNames())
		}
		return nil
	}
}

func nodeNames() string {
	dag := BookTripDAG()
	var names []string
	for id := engine.NodeID(0); dag.Contains(id); id++ {
		if dag.Kind(id) == engine.KindAction {
			names = append(names, string(dag.Path(id)))
		}
	}
	return strings.Join(names, ", ")
}

// run resumes the trips that earlier runs left unfinished. If there are none,
// it books a new trip. It returns a *saga.FailedError if a trip isn't booked.
func run(ctx context.Context, o options, ledger *Ledger, out io.Writer) (err error) {
	db, err := sql.Open("sqlite", o.db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	sagas, err := sqlite.Open(ctx, db)
	if err != nil {
		return fmt.Errorf("%s: %w", o.db, err)
	}
	unfinished, err := sagas.List(ctx, saga.Query{
		States: []saga.State{saga.StateRunning, saga.StateUnwinding},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", o.db, err)
	}
	printUnfinished(out, o.db, unfinished)
	if o.crashAfter != "" {
		fmt.Fprintf(out, "this process is killed as soon as the success of node %q is in the log\n", o.crashAfter)
	}

	// The new coordinator resumes the unfinished sagas.
	coordinator, err := sec.New(o.config(sagas, ledger))
	if err != nil {
		return err
	}
	if err := coordinator.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, coordinator.Stop(ctx)) }()

	if len(unfinished) == 0 {
		trip, err := StartBookTrip(ctx, coordinator, BookTrip{
			Hotel:  "Ritz",
			Flight: "TP 576 to Lisbon",
			Car:    "a red one",
			Card:   "4929 1234",
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "booking a trip: saga %s\n", trip.ID())
		return finish(ctx, trip, ledger, out)
	}
	var failures []error
	for _, record := range unfinished {
		trip, err := FindBookTrip(ctx, coordinator, record.ID)
		if err == nil {
			err = finish(ctx, trip, ledger, out)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func (o options) config(sagas store.Store, ledger *Ledger) sec.Config {
	config := sec.Config{
		Store:    sagas,
		Registry: NewRegistry(NewService(ledger)),
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if o.fail != "" {
		config.Registry = withFailingNode(config.Registry, o.fail)
	}
	if o.crashAfter != "" {
		config.Store = crashingStore{Store: sagas, node: o.crashAfter}
	}
	return config
}

// finish waits until a trip is finished and prints it. It returns a
// *saga.FailedError if the trip isn't booked.
func finish(ctx context.Context, trip *BookTripRun, ledger *Ledger, out io.Writer) error {
	result, err := trip.Wait(ctx)
	var failed *saga.FailedError
	switch {
	case err == nil:
		printTrip(out, result)
	case errors.As(err, &failed):
		printFailure(out, failed, ledger)
	default:
		return err
	}
	status, statusErr := trip.Status(ctx)
	if statusErr != nil {
		return statusErr
	}
	fmt.Fprintf(out, "\n%s", status)
	return err
}
