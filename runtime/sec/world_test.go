package sec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// world stands for the systems that the actions of these tests call. It records
// each call, such as "do a" or "undo a", and lets tests choose its result.
type world struct {
	mu      sync.Mutex
	history []string // calls, in their order
	keys    []string // the idempotency keys of the calls
	// behavior has functions that run in a call, by call.
	behavior map[string]func(saga.ActionContext) error
}

func newWorld() *world { return &world{behavior: map[string]func(saga.ActionContext) error{}} }

// on sets a function that runs in a call.
func (w *world) on(call string, f func(saga.ActionContext) error) { w.behavior[call] = f }

// fail makes a call fail for good.
func (w *world) fail(call string) {
	w.on(call, func(saga.ActionContext) error { return saga.Permanent(errors.New(call + " fails")) })
}

// act records a call, and runs its function.
func (w *world) act(ctx saga.ActionContext) error {
	call := fmt.Sprintf("%s %s", ctx.Direction(), ctx.Node())
	w.mu.Lock()
	w.history = append(w.history, call)
	w.keys = append(w.keys, ctx.IdempotencyKey())
	w.mu.Unlock()
	if f := w.behavior[call]; f != nil {
		return f(ctx)
	}
	return nil
}

func (w *world) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.history)
}

func (w *world) count(call string) int {
	n := 0
	for _, c := range w.calls() {
		if c == call {
			n++
		}
	}
	return n
}

// registry has the actions "act" and "careful". Their output is the path of the
// node. The undo of "careful" accepts an unknown output.
func (w *world) registry() *saga.Registry {
	r := saga.NewRegistry()
	do := func(ctx saga.ActionContext, _ saga.None) (string, error) { return string(ctx.Node()), w.act(ctx) }
	r.Register(w,
		saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "act", Do: do,
			Undo: func(ctx saga.ActionContext, _ saga.None, _ string) error { return w.act(ctx) },
		}),
		saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "careful", Do: do,
			UndoUnknown: func(ctx saga.ActionContext, _ saga.None, _ *string) error { return w.act(ctx) },
		}),
	)
	return r
}

func act(name saga.NodeName) saga.Node     { return saga.ActionNode(name, "", "act") }
func careful(name saga.NodeName) saga.Node { return saga.ActionNode(name, "", "careful") }

// diamond has node a, then b and c in parallel, then d.
func diamond() *saga.SagaDAG {
	return withParams(saga.NewDAGBuilder("diamond").
		Append(act("a")).AppendParallel(act("b"), act("c")).Append(act("d")))
}

// chain has the nodes a, b and c in a sequence.
func chain() *saga.SagaDAG {
	return withParams(saga.NewDAGBuilder("chain").Append(act("a")).Append(act("b")).Append(act("c")))
}

func withParams(b *saga.DAGBuilder) *saga.SagaDAG {
	dag, err := saga.NewSagaDAG(b.MustBuild(), "params")
	if err != nil {
		panic(err)
	}
	return dag
}

// open starts a coordinator, and shuts it down at the end of the test.
func (w *world) open(t *testing.T, st store.Store) *sec.Coordinator {
	t.Helper()
	c := w.start(t, st)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

// start starts a coordinator. The test must shut it down.
func (w *world) start(t *testing.T, st store.Store) *sec.Coordinator {
	t.Helper()
	c, err := sec.New(sec.Config{
		Store: st, Registry: w.registry(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	return c
}

// openWith starts a coordinator with the given registry.
func openWith(t *testing.T, st store.Store, registry *saga.Registry) *sec.Coordinator {
	t.Helper()
	c, err := sec.New(sec.Config{
		Store: st, Registry: registry, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

// withoutActions starts a coordinator with leases and an empty registry.
func withoutActions(t *testing.T, st store.Store) *sec.Coordinator {
	t.Helper()
	return withLeases(t, st, saga.NewRegistry())
}

// withLeases starts a coordinator with leases and the given registry.
func withLeases(t *testing.T, st store.Store, registry *saga.Registry) *sec.Coordinator {
	t.Helper()
	c, err := sec.New(sec.Config{Store: st, Registry: registry, Lease: lease, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

// run runs a saga to its end.
func run(t *testing.T, c *sec.Coordinator, dag *saga.SagaDAG) (saga.ID, saga.Outputs, error) {
	t.Helper()
	id := saga.NewID()
	require.NoError(t, c.CreateAndStart(t.Context(), id, dag))
	outputs, err := c.Wait(t.Context(), id)
	return id, outputs, err
}

// kinds lists the events of a saga in the form "a started".
func kinds(t *testing.T, c *sec.Coordinator, id saga.ID) []string {
	t.Helper()
	status, err := c.Status(t.Context(), id)
	require.NoError(t, err)
	var lines []string
	for _, e := range status.Events {
		lines = append(lines, fmt.Sprintf("%s %s", status.DAG.Path(e.Node), e.Kind))
	}
	return lines
}

// storedKinds lists the events in a store in the form "a started".
func storedKinds(t *testing.T, st store.Store, id saga.ID) []string {
	t.Helper()
	record, err := st.Load(context.Background(), id)
	require.NoError(t, err)
	var dag saga.SagaDAG
	require.NoError(t, json.Unmarshal(record.DAG, &dag))
	events, err := st.Events(context.Background(), id, 0, 0)
	require.NoError(t, err)
	var lines []string
	for _, e := range events {
		lines = append(lines, fmt.Sprintf("%s %s", dag.Path(e.Node), e.Kind))
	}
	return lines
}

func failedError(t *testing.T, err error) *saga.FailedError {
	t.Helper()
	var failed *saga.FailedError
	require.ErrorAs(t, err, &failed)
	return failed
}

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}
