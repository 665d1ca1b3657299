// Command orders is a service that takes orders over HTTP. Each order is a saga: package order has its steps, package ledger
// the services of others that they call, and this one what is around them.
//
//	orders                               # one process, which keeps its sagas in an SQLite file
//	orders -postgres postgres://…        # one of any number of processes that share a PostgreSQL database
//	DATABASE_URL=postgres://… orders     # the same
//
// README.md has what to try. docs/operating.md is about what it takes to run such a service.
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
	context.AfterFunc(ctx, stop) // a second signal kills
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

// parse parses the arguments. It prints the usage if that's what they ask for.
func parse(args []string, getenv func(string) string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("orders", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error, once
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "listen at `ADDRESS`; port 0 is any that is free")
	flags.StringVar(&o.postgres, "postgres", getenv("DATABASE_URL"), "share the PostgreSQL database at `URL` with other processes; default: $DATABASE_URL")
	flags.StringVar(&o.db, "db", "orders.db", "without -postgres, use the SQLite database `FILE`, which is created if need be")
	flags.DurationVar(&o.lease, "lease", 5*time.Second, "with -postgres, how long others wait for this process when it is silent")
	flags.DurationVar(&o.latency, "latency", 100*time.Millisecond, "how long each service of others takes")
	flags.DurationVar(&o.grace, "grace", 20*time.Second, "how long to finish requests and steps after SIGTERM or SIGINT")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintln(stdout, "usage: orders [flags]")
		flags.PrintDefaults()
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q; there are flags only, run orders -h", flags.Arg(0))
	}
	return o, err
}

// run serves until ctx ends.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	listener, err := net.Listen("tcp", o.listen) // before any saga is taken, as another process may have the port
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
	// maxActions is how many steps run at once in this process: more would wait for the ledger's connections, and their time would be up.
	maxActions = 64
	// retention is how long an order is known after its end, and so how long its idempotency key counts.
	retention = 30 * 24 * time.Hour
)

const greeting = `listening at http://%[1]s, sagas in %[2]s; place an order with
  curl -i http://%[1]s/orders -H 'Idempotency-Key: first' -d '{"customer":"ann","address":"1 High St","card":"4929","items":[{"sku":"tea","quantity":2}]}'
`

// shutdown ends the server first, so that no order is taken that nobody here would begin, and then the coordinator. Steps that
// are under way may end; what isn't finished is given back, for another process or the next one.
func shutdown(server *http.Server, coordinator *sec.Coordinator, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	// Half of the time, as a client that is slow mustn't take the coordinator's. A connection on which nothing was asked yet takes 5 s.
	serving, cancelServing := context.WithTimeout(ctx, grace/2)
	defer cancelServing()
	if err := server.Shutdown(serving); err != nil {
		slog.Warn("requests are cut off; it is safe to repeat them", "error", err)
		server.Close()
	}
	return coordinator.Shutdown(ctx)
}
