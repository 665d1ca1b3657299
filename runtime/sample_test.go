package saga_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// action returns a node that runs the action with the same name.
func action(name saga.NodeName, inputs ...saga.Binding) saga.Node {
	return saga.ActionNode(name, string(name), saga.ActionName(name), inputs...)
}

func build(t testing.TB, b *saga.DAGBuilder) *saga.DAG {
	t.Helper()
	dag, err := b.Build()
	require.NoError(t, err)
	return dag
}

func withParams(t testing.TB, dag *saga.DAG, params any) *saga.SagaDAG {
	t.Helper()
	d, err := saga.NewSagaDAG(dag, params)
	require.NoError(t, err)
	return d
}

// tripDAG returns payment, followed by hotel, flight and car in parallel,
// followed by summary.
func tripDAG(t testing.TB) *saga.DAG {
	t.Helper()
	return build(t, saga.NewDAGBuilder("book-trip").
		Append(saga.ActionNode("payment", "ChargeCreditCard", "trip.payment", saga.Bind("trip", saga.FromParams))).
		AppendParallel(
			saga.ActionNode("hotel", "BookHotel", "trip.hotel"),
			saga.ActionNode("flight", "BookFlight", "trip.flight"),
			saga.ActionNode("car", "BookCar", "trip.car"),
		).
		Append(saga.ActionNode("summary", "Summarize", "trip.summary",
			saga.Bind("hotel", "hotel"), saga.Bind("paid", "payment"))))
}

// nestedDAG returns a saga with a subsaga inside a subsaga, and one that occurs
// twice:
//
//	size
//	outer (pick; inner (deep); sum)
//	left (deep) | right (deep)
//	last
func nestedDAG(t testing.TB) *saga.DAG {
	t.Helper()
	inner := build(t, saga.NewDAGBuilder("inner-saga").Append(action("deep")))
	outer := build(t, saga.NewDAGBuilder("outer-saga").
		Append(action("pick")).
		Append(saga.SubsagaNode("inner", inner, "pick")).
		Append(action("sum")))
	return build(t, saga.NewDAGBuilder("nested").
		Append(saga.ConstantNode("size", map[string]int{"n": 1})).
		Append(saga.SubsagaNode("outer", outer, "size")).
		AppendParallel(saga.SubsagaNode("left", inner, "outer"), saga.SubsagaNode("right", inner, saga.FromParams)).
		Append(action("last")))
}

// shape describes a DAG in one line per node: index, kind, path and parents.
func shape(dag *saga.DAG) string {
	var b strings.Builder
	for id := engine.NodeID(0); dag.Contains(id); id++ {
		line, err := json.Marshal([]any{id, dag.Kind(id), dag.Path(id), dag.Parents(id)})
		if err != nil {
			panic(err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

func find(t testing.TB, dag *saga.DAG, path saga.NodePath) engine.NodeID {
	t.Helper()
	id, err := dag.Find(path)
	require.NoError(t, err)
	return id
}

// callAt returns the context of a do function at a node. The output of every
// node is its path as a JSON string.
func callAt(t testing.TB, dag *saga.SagaDAG, path saga.NodePath, change ...func(*saga.Call)) saga.ActionContext {
	t.Helper()
	return callAtNode(dag, find(t, dag.DAG, path), change...)
}

func callAtNode(dag *saga.SagaDAG, node engine.NodeID, change ...func(*saga.Call)) saga.ActionContext {
	call := &saga.Call{
		ID:      saga.KeyID(dag.Name(), "test"),
		DAG:     dag,
		Node:    node,
		Attempt: 1,
		Logger:  slog.New(slog.DiscardHandler),
		Outputs: make([]json.RawMessage, dag.Len()),
	}
	for id := range call.Outputs {
		call.Outputs[id] = fmt.Appendf(nil, "%q", dag.Path(engine.NodeID(id)))
	}
	for _, c := range change {
		c(call)
	}
	return call.Context(context.Background())
}
