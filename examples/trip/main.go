// Command trip books a trip: a payment, then a hotel, a flight and a car beside each other, all or nothing.
//
//	trip                      # books a trip
//	trip -fail car            # the car is refused: the hotel, the flight and the payment are undone
//	trip -crash-after hotel   # the process is killed when the hotel is booked…
//	trip                      # …and the next one goes on from the log
//
// The saga is in service.go; trip_saga_gen.go is what sagagen makes of that. The rest is what any program has
// around its sagas, and the means to let them fail.
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
	if !errors.As(err, new(*saga.FailedError)) { // which run has printed
		fmt.Fprintf(os.Stderr, "trip: %v\n", err)
	}
	os.Exit(1)
}

type options struct {
	db string
	// fail and crashAfter are nodes of the DAG; 0, which is its start, if not given.
	fail, crashAfter saga.NodeID
}

// parse parses the arguments. It prints the usage if that's what they ask for.
func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("trip", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error, once
	flags.StringVar(&o.db, "db", "trip.db", "keep the sagas in the SQLite database `FILE`, which is created if need be")
	flags.Func("fail", "let `NODE` fail: "+nodeNames(), nodeFlag(&o.fail))
	flags.Func("crash-after", "kill this process when the log has it that `NODE` has succeeded: "+nodeNames(), nodeFlag(&o.crashAfter))
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "usage: trip [flags]")
		flags.PrintDefaults()
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q; there are flags only, run trip -h", flags.Arg(0))
	}
	return o, err
}

func nodeFlag(node *saga.NodeID) func(string) error {
	return func(name string) (err error) {
		if *node, err = BookTripDAG().Find(saga.NodePath(name)); err != nil {
			return fmt.Errorf("there is no such node; the nodes are %s", nodeNames())
		}
		return nil
	}
}

func nodeNames() string {
	dag := BookTripDAG()
	var names []string
	for id := saga.NodeID(0); dag.Contains(id); id++ {
		if dag.Kind(id) == saga.KindAction {
			names = append(names, string(dag.Path(id)))
		}
	}
	return strings.Join(names, ", ")
}

// run goes on with the trips that earlier runs left unfinished; if there are none, it books a new one.
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
	unfinished, err := sagas.List(ctx, store.Query{States: []saga.State{saga.StateRunning, saga.StateUnwinding}})
	if err != nil {
		return fmt.Errorf("%s: %w", o.db, err)
	}
	printUnfinished(out, o.db, unfinished)
	if o.crashAfter != 0 {
		fmt.Fprintf(out, "this process is killed when the log has it that node %q has succeeded\n", BookTripDAG().Path(o.crashAfter))
	}

	coordinator, err := sec.New(o.config(sagas, ledger))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, coordinator.Shutdown(ctx)) }()

	if len(unfinished) == 0 {
		trip, err := StartBookTrip(ctx, coordinator, BookTrip{Hotel: "Ritz", Flight: "TP 576 to Lisbon", Car: "a red one", Card: "4929 1234"})
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
	if o.fail != 0 {
		config.Registry = refuse(config.Registry, o.fail)
	}
	if o.crashAfter != 0 {
		config.Store = crashingStore{Store: sagas, node: o.crashAfter}
	}
	return config
}

// finish waits for a trip's end and prints it. The error is that of the trip if it wasn't booked.
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
