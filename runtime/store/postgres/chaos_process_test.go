package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
)

// coordinatorVariable is an environment variable that makes this test binary a
// coordinator process. Its value is a role in JSON.
const coordinatorVariable = "SAGA_TEST_COORDINATOR"

// role configures a coordinator process.
type role struct {
	// Name is the name of the process. The owner of its sagas begins with it,
	// and it is the application name of its connections.
	Name string
	// URL is the address of the server, and History the file for calls.
	URL, History string
}

// chaosLease is short, so that the test takes little time.
const chaosLease = 2 * time.Second

// runCoordinator is the main function of the process. It runs sagas until its
// standard input ends. Each line of the input is a saga for it to start: the
// ID, and the index of the plan.
func runCoordinator(encodedRole string) (code int) {
	if err := coordinate(context.Background(), encodedRole); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func coordinate(ctx context.Context, encodedRole string) error {
	var r role
	if err := json.Unmarshal([]byte(encodedRole), &r); err != nil {
		return err
	}
	h, err := openHistory(r)
	if err != nil {
		return err
	}
	own, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer own.Close()
	pool, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	st, err := postgres.Open(ctx, pool, postgres.Config{})
	if err != nil {
		return err
	}
	c, err := sec.New(sec.Config{
		Store: &witness{st, h}, Registry: chaosRegistry(&ledger{own, h}), Owner: r.Name, Lease: chaosLease,
		Poll:   500 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	fmt.Println("runs")
	var starting sync.WaitGroup
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		line := lines.Text()
		starting.Go(func() {
			if err := startPlan(ctx, c, line); err != nil {
				fmt.Fprintf(os.Stderr, "start %s: %v\n", line, err)
			}
		})
	}
	starting.Wait()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return c.Stop(ctx)
}

// startPlan starts the saga of a line.
func startPlan(ctx context.Context, c *sec.Coordinator, line string) error {
	var text string
	var number int
	if _, err := fmt.Sscan(line, &text, &number); err != nil {
		return err
	}
	id, err := saga.ParseID(text)
	if err != nil {
		return err
	}
	dag, err := tripDAG("step", plans[number])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return until(ctx, func() error { return c.CreateAndStart(ctx, id, dag) })
}

func (r role) connect(ctx context.Context) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(r.URL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 8
	config.ConnConfig.RuntimeParams["application_name"] = r.Name
	return pgxpool.NewWithConfig(ctx, config)
}

// history is a file to which all processes append, each line in one write. So
// its lines are in causal order: a line about something that a process has
// learned comes after all lines from before it.
type history struct {
	process string
	file    *os.File
}

func openHistory(r role) (*history, error) {
	file, err := os.OpenFile(r.History, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	return &history{r.Name, file}, err
}

// call records that a call begins.
func (h *history) call(ctx saga.ActionContext) {
	h.write("call %s %s %s %s\n", h.process, ctx.SagaID(), ctx.Node(), ctx.Direction())
}

// known records that the process knows that events are durable.
func (h *history) known(id saga.ID, events []engine.Event) {
	for _, e := range events {
		h.write("known %s %s %d %d\n", h.process, id, e.Node, e.Kind)
	}
}

func (h *history) write(format string, args ...any) {
	if _, err := fmt.Fprintf(h.file, format, args...); err != nil {
		panic(err) // without the history the test proves nothing
	}
}

// witness is a store that records what its process knows, just before the
// process knows it.
type witness struct {
	*postgres.Store
	history *history
}

func (w *witness) Create(ctx context.Context, n store.NewSaga) error {
	err := w.Store.Create(ctx, n)
	if err == nil {
		w.history.known(n.ID, n.Events)
	}
	return err
}

// Append continues when its context has ended, like a request that is already
// in the network: a process that was paused sends its pending appends.
func (w *witness) Append(ctx context.Context, a store.Append) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err := w.Store.Append(ctx, a)
	if err == nil {
		w.history.known(a.ID, a.Events)
	}
	return err
}

func (w *witness) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	events, err := w.Store.Events(ctx, id, from, limit)
	w.history.known(id, events)
	return events, err
}

func (w *witness) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	logs, err := w.Store.Logs(ctx, ids)
	for i, events := range logs {
		w.history.known(ids[i], events)
	}
	return logs, err
}
