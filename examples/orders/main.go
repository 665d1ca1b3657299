// Command orders is a service that takes orders over HTTP. Each order is a
// saga.
//
//	orders                               # one process, sagas in a SQLite file
//	orders -postgres postgres://…        # several processes share a database
//	DATABASE_URL=postgres://… orders     # the same
//
// Package order defines the saga. Package ledger simulates the external
// services that its steps call. This package has the HTTP API and starts the
// coordinator.
//
// README.md shows what to try. docs/operating.md explains how to run such a
// service in production.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sagagen/sagagen/examples/orders/order"
	"github.com/sagagen/sagagen/runtime/sec"
)

func main() {
	o, err := parse(os.Args[1:], os.Getenv, os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "orders: %v\n", err)
		os.Exit(2)
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // after the first signal, a second one kills the process
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "orders: %v\n", err)
		os.Exit(1)
	}
}

type options struct {
	listen         string
	db, postgres   string
	lease, latency time.Duration
	grace          time.Duration
}

// parse parses the command line. With -h it prints the usage to stdout and
// returns flag.ErrHelp.
func parse(args []string, getenv func(string) string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("orders", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "listen on `ADDRESS`; port 0 chooses a free port")
	flags.StringVar(&o.postgres, "postgres", getenv("DATABASE_URL"),
		"use the PostgreSQL database at `URL`, with other processes; the default is $DATABASE_URL")
	flags.StringVar(&o.db, "db", "orders.db", "without -postgres, use the SQLite database `FILE`, created if missing")
	flags.DurationVar(&o.lease, "lease", 5*time.Second,
		"with -postgres, how long a process may be silent before the others take its sagas over")
	flags.DurationVar(&o.latency, "latency", 100*time.Millisecond,
		"how long a request to a simulated service takes")
	flags.DurationVar(&o.grace, "grace", 20*time.Second,
		"after SIGTERM or SIGINT, how long to finish running requests and steps")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "usage: orders [flags]")
		flags.PrintDefaults()
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q: orders takes only flags, see orders -h", flags.Arg(0))
	}
	return o, err
}

// run serves until ctx is canceled.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	// Listen first: a process whose port is taken must not claim any saga.
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	d, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	coordinator, err := sec.New(sec.Config{
		Store:      d.sagas,
		Registry:   order.NewRegistry(d.ledger.Service()),
		Lease:      d.lease,
		MaxActions: maxActions,
		Retention:  sec.Retention{MaxAge: retention},
	})
	if err != nil {
		return err
	}
	if err := coordinator.Start(); err != nil {
		return err
	}
	server := &http.Server{
		Handler:           newAPI(ctx, coordinator, d.ledger),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintf(out, greeting, listener.Addr(), d.name)
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, shutdown(server, coordinator, o.grace))
}

const (
	// maxActions is how many steps run in parallel in this process. With more,
	// steps would wait for a connection of the ledger until they time out.
	maxActions = 64
	// retention is how long a finished order is kept, and so how long its
	// idempotency key is known.
	retention = 30 * 24 * time.Hour
)

const greeting = `listening on http://%[1]s, sagas in %[2]s; place an order with
  curl -i http://%[1]s/orders -H 'Idempotency-Key: first' -d ` +
	`'{"customer":"ann","address":"1 High St","card":"4929","items":[{"sku":"tea","quantity":2}]}'
`

// shutdown stops the server first, so that no order is accepted that this
// process can't start. Then it shuts the coordinator down: running steps may
// finish, and unfinished sagas are released to other processes or the next one.
func shutdown(server *http.Server, coordinator *sec.Coordinator, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	// The server gets half of the time, so that slow clients leave the rest to
	// the coordinator. A new connection without a request can take 5 s.
	serving, cancelServing := context.WithTimeout(ctx, grace/2)
	defer cancelServing()
	if err := server.Shutdown(serving); err != nil {
		slog.Warn("cutting off unfinished requests; clients can safely repeat them", "error", err)
		server.Close()
	}
	return coordinator.Stop(ctx)
}
