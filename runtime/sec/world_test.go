package sec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// world is what the actions of these tests act on. Every action appends a line to its diary, as in
// "do a" or "undo a", and does what behave says.
type world struct {
	mu     sync.Mutex
	diary  []string
	keys   []string
	behave map[string]func(saga.ActionContext) error
}

func newWorld() *world { return &world{behave: map[string]func(saga.ActionContext) error{}} }

func (w *world) on(call string, f func(saga.ActionContext) error) { w.behave[call] = f }

func (w *world) fail(call string) {
	w.on(call, func(saga.ActionContext) error { return saga.Permanent(errors.New(call + " fails")) })
}

func (w *world) act(ctx saga.ActionContext) error {
	call := fmt.Sprintf("%s %s", ctx.Direction(), ctx.Node())
	w.mu.Lock()
	w.diary = append(w.diary, call)
	w.keys = append(w.keys, ctx.IdempotencyKey())
	w.mu.Unlock()
	if f := w.behave[call]; f != nil {
		return f(ctx)
	}
	return nil
}

func (w *world) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.diary)
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

// registry has the actions "act", whose output is the path of its node, and "careful", whose undo takes
// an unknown output.
func (w *world) registry() *saga.Registry {
	r := saga.NewRegistry()
	do := func(ctx saga.ActionContext, _ saga.None) (string, error) { return string(ctx.Node()), w.act(ctx) }
	r.Register(w,
		saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "act", Do: do, Undo: func(ctx saga.ActionContext, _ saga.None, _ string) error { return w.act(ctx) },
		}),
		saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "careful", Do: do, UndoUnknown: func(ctx saga.ActionContext, _ saga.None, _ *string) error { return w.act(ctx) },
		}),
	)
	return r
}

func act(name saga.NodeName) saga.Node     { return saga.ActionNode(name, "", "act") }
func careful(name saga.NodeName) saga.Node { return saga.ActionNode(name, "", "careful") }

// diamond is a, then b and c, then d.
func diamond() *saga.SagaDAG {
	return withParams(saga.NewDAGBuilder("diamond").Append(act("a")).AppendParallel(act("b"), act("c")).Append(act("d")))
}

// chain is a, then b, then c.
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

// open starts a coordinator, which the test's end shuts down.
func (w *world) open(t *testing.T, st store.Store) *sec.Coordinator {
	t.Helper()
	c := w.start(t, st)
	t.Cleanup(func() { require.NoError(t, c.Shutdown(context.Background())) })
	return c
}

// start starts a coordinator, which the test shuts down.
func (w *world) start(t *testing.T, st store.Store) *sec.Coordinator {
	t.Helper()
	c, err := sec.New(sec.Config{Store: st, Registry: w.registry(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
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

// kinds lists the events of a saga as in "a started".
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

func failedError(t *testing.T, err error) *saga.FailedError {
	t.Helper()
	var failed *saga.FailedError
	require.ErrorAs(t, err, &failed)
	return failed
}
