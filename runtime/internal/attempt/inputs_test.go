package attempt_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/attempt"
)

func act(name saga.NodeName, inputs ...saga.Binding) saga.Node {
	return saga.ActionNode(name, "the "+string(name), saga.ActionName(name), inputs...)
}

func withParams(t testing.TB, b *saga.DAGBuilder, params any) *saga.SagaDAG {
	t.Helper()
	dag, err := b.Build()
	require.NoError(t, err)
	d, err := saga.NewSagaDAG(dag, params)
	require.NoError(t, err)
	return d
}

// tripDAG has stages, bindings to an output and to the parameters, and a node
// that is not an ancestor of another.
func tripDAG(t testing.TB) *saga.SagaDAG {
	return withParams(t, saga.NewDAGBuilder("book-trip").
		Append(act("payment", saga.Bind("trip", saga.FromParams))).
		AppendParallel(act("hotel", saga.Bind("paid", "payment")), act("flight")).
		Append(act("summary", saga.Bind("hotel", "hotel"), saga.Bind("again", "hotel"))),
		map[string]string{"Hotel": "Ritz & Co"})
}

// nestedDAG has a constant, a subsaga in a subsaga, one that occurs twice, and
// parameters that come from a constant, an output and the parameters outside.
func nestedDAG(t testing.TB) *saga.SagaDAG {
	inner := saga.NewDAGBuilder("inner-saga").Append(act("deep", saga.Bind("in", saga.FromParams))).MustBuild()
	outer := saga.NewDAGBuilder("outer-saga").
		Append(act("pick")).
		Append(saga.SubsagaNode("inner", inner, "pick")).
		Append(act("sum", saga.Bind("inner", "inner"))).
		MustBuild()
	return withParams(t, saga.NewDAGBuilder("nested").
		Append(saga.ConstantNode("size", map[string]int{"n": 1})).
		Append(saga.SubsagaNode("outer", outer, "size")).
		AppendParallel(saga.SubsagaNode("left", inner, "outer"), saga.SubsagaNode("right", inner, saga.FromParams)).
		Append(act("last", saga.Bind("n", "size"), saga.Bind("x", "left"))), "outermost")
}

// graphDAG has edges that are not those of stages.
func graphDAG(t testing.TB) *saga.SagaDAG {
	return withParams(t, saga.NewDAGBuilder("graph").
		Node(act("a")).
		Node(act("b")).
		Node(act("c"), "a").
		Node(act("d"), "a", "b").
		Node(act("e"), "c").
		Append(act("f")), nil)
}

// TestInputsReplaceTheSaga ships the inputs of each node of a saga as JSON.
// What the action can ask then is what it can ask where the whole saga is.
func TestInputsReplaceTheSaga(t *testing.T) {
	for _, dag := range []*saga.SagaDAG{tripDAG(t), nestedDAG(t), graphDAG(t)} {
		outputs := make([]json.RawMessage, dag.Len())
		for id := range engine.NodeID(dag.Len()) {
			outputs[id] = fmt.Appendf(nil, `"output of %s"`, dag.Path(id))
		}
		for node := range engine.NodeID(dag.Len()) {
			if dag.Kind(node) != engine.KindAction {
				continue
			}
			for _, d := range []saga.Direction{saga.Do, saga.Undo} {
				t.Run(fmt.Sprintf("%s/%s/%s", d, dag.Name(), dag.Path(node)), func(t *testing.T) {
					outputs := append([]json.RawMessage{}, outputs...)
					if d == saga.Do {
						outputs[node] = nil
					}
					want := &saga.Call{DAG: dag, Node: node, Outputs: outputs, Output: outputs[node]}
					in, err := attempt.NewInputs(dag, node, outputs)
					require.NoError(t, err)
					got, err := ship(t, in).Call()
					require.NoError(t, err)
					assert.Equal(t, answers(want, d, dag), answers(got, d, dag))
				})
			}
		}
	}
}

// ship returns what arrives in another process.
func ship(t testing.TB, in *attempt.Inputs) *attempt.Inputs {
	t.Helper()
	text, err := json.Marshal(in)
	require.NoError(t, err)
	shipped := new(attempt.Inputs)
	require.NoError(t, json.Unmarshal(text, shipped))
	return shipped
}

// answers asks a call for all that an action can ask.
func answers(call *saga.Call, d saga.Direction, dag *saga.SagaDAG) map[string]string {
	call.ID, call.Direction, call.Attempt, call.Logger = saga.KeyID(dag.Name(), "k"), d, 1, slog.Default()
	ctx := call.Context(context.Background())
	all := map[string]string{
		"saga": string(ctx.SagaName()), "node": string(ctx.Node()), "label": ctx.Label(),
		"key": ctx.IdempotencyKey(), "do key": ctx.DoKey(),
	}
	answer := func(question string, raw json.RawMessage, err error) { all[question] = fmt.Sprintf("%s, %v", raw, err) }
	params, err := ctx.RawParams()
	answer("params", params, err)
	for id := range engine.NodeID(dag.Len()) {
		name := dag.NodeName(id)
		output, err := ctx.RawLookup(name)
		answer("lookup "+string(name), output, err)
		output, err = ctx.RawLookup(saga.NodeName(dag.Path(id)))
		answer("lookup of a path "+string(dag.Path(id)), output, err)
	}
	all["inputs"] = inputs(ctx)
	return all
}

// inputs returns the inputs of an action that takes all that are bound in the
// test.
func inputs(ctx saga.ActionContext) string {
	var got string
	type raw = *json.RawMessage
	ask := func(name string, action saga.Action) {
		if _, err := action.Do(ctx); err != nil {
			got += fmt.Sprintf("%s: %v; ", name, err)
		}
	}
	ask("trip", asking(&got, func(in struct {
		V raw `saga:"trip"`
	}) raw {
		return in.V
	}))
	ask("paid", asking(&got, func(in struct {
		V raw `saga:"paid"`
	}) raw {
		return in.V
	}))
	ask("payment", asking(&got, func(in struct {
		V raw `saga:"payment"`
	}) raw {
		return in.V
	}))
	ask("again", asking(&got, func(in struct {
		V raw `saga:"again"`
	}) raw {
		return in.V
	}))
	ask("in", asking(&got, func(in struct {
		V raw `saga:"in"`
	}) raw {
		return in.V
	}))
	ask("inner", asking(&got, func(in struct {
		V raw `saga:"inner"`
	}) raw {
		return in.V
	}))
	ask("n", asking(&got, func(in struct {
		V raw `saga:"n"`
	}) raw {
		return in.V
	}))
	return got
}

// asking returns an action that appends an input to got.
func asking[In any](got *string, value func(In) *json.RawMessage) saga.Action {
	return saga.NewAction(saga.ActionSpec[In, saga.None]{
		Name: "ask",
		Do: func(_ saga.ActionContext, in In) (saga.None, error) {
			*got += string(*value(in)) + "; "
			return saga.None{}, nil
		},
	})
}

func TestInputsAsJSON(t *testing.T) {
	dag := tripDAG(t)
	outputs := make([]json.RawMessage, dag.Len())
	for id := range outputs {
		outputs[id] = fmt.Appendf(nil, "%d", id)
	}
	node, err := dag.Find("hotel")
	require.NoError(t, err)
	in, err := attempt.NewInputs(dag, node, outputs)
	require.NoError(t, err)
	text, err := json.Marshal(in)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"saga": "book-trip",
		"node": "hotel",
		"label": "the hotel",
		"action": "hotel",
		"bindings": {"paid": "payment"},
		"params": {"Hotel": "Ritz & Co"},
		"outputs": {"payment": 1},
		"output": 2
	}`, string(text))
}

func TestInvalidInputsAreRejected(t *testing.T) {
	for name, in := range map[string]attempt.Inputs{
		"nothing":                  {},
		"no action":                {Saga: "s", Node: "a"},
		"binding without ancestor": {Saga: "s", Node: "a", Action: "x", Bindings: map[string]saga.NodeName{"in": "b"}},
		"ancestor of the same name": {
			Saga: "s", Node: "a", Action: "x", Outputs: map[saga.NodeName]json.RawMessage{"a": json.RawMessage(`1`)},
		},
		"parameters that are not JSON": {Saga: "s", Node: "a", Action: "x", Params: json.RawMessage(`{`)},
	} {
		_, err := in.Call()
		assert.ErrorContains(t, err, "inputs of node", name)
	}
}

// BenchmarkInputs measures what an engine pays that ships a call.
func BenchmarkInputs(b *testing.B) {
	dag := tripDAG(b)
	outputs := make([]json.RawMessage, dag.Len())
	for id := range outputs {
		outputs[id] = fmt.Appendf(nil, "%d", id)
	}
	node, err := dag.Find("summary")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		in, err := attempt.NewInputs(dag, node, outputs)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := in.Call(); err != nil {
			b.Fatal(err)
		}
	}
}
