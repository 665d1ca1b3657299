package saga_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestDAGDescribesItsNodes(t *testing.T) {
	dag := tripDAG(t)
	assert.Equal(t, saga.Name("book-trip"), dag.Name())
	assert.Equal(t, 7, dag.Len())
	assert.Equal(t, engine.NodeID(0), dag.Start())
	assert.Equal(t, engine.NodeID(6), dag.End())
	assert.Equal(t, engine.NodeID(5), dag.Output())
	assert.Equal(t, saga.ActionName("trip.hotel"), dag.Action(2))
	assert.Equal(t, engine.KindAction, dag.Kind(2))
	assert.Equal(t, "BookHotel", dag.Label(2))
	assert.Equal(t, "(start node)", dag.Label(0))
	assert.Equal(t, "(end node)", dag.Label(6))
	assert.Equal(t, []engine.NodeID{2, 3, 4}, dag.Children(1))
	assert.Equal(t, []saga.Binding{{Input: "hotel", From: "hotel"}, {Input: "paid", From: "payment"}}, dag.Inputs(5))
	for id, want := range map[engine.NodeID]bool{-1: false, 0: true, 6: true, 7: false} {
		assert.Equal(t, want, dag.Contains(id), id)
	}
}

func TestFind(t *testing.T) {
	dag := nestedDAG(t)
	for path, want := range map[saga.NodePath]engine.NodeID{
		"size":             1,
		"outer/pick":       3,
		"pick":             3, // the only node of that name
		"sum":              7,
		"outer/inner/deep": 5,
		"left/deep":        10,
		"right/deep":       13,
		"inner":            6,
		"last":             15,
	} {
		id, err := dag.Find(path)
		if assert.NoError(t, err, path) {
			assert.Equal(t, want, id, path)
		}
	}
	const existing = `; there are "size", "outer/pick", "outer/inner/deep", "outer/inner", "outer/sum", "outer", ` +
		`"left/deep", "left", "right/deep", "right" and 1 more`
	for path, want := range map[saga.NodePath]string{
		"deep": `saga "nested": no such node: "deep" could be "outer/inner/deep" or "left/deep"; ` +
			`give the whole path`,
		"nope":       `saga "nested": no such node: "nope"` + existing,
		"":           `saga "nested": no such node: ""` + existing,
		"inner/deep": `saga "nested": no such node: "inner/deep"` + existing,
	} {
		_, err := dag.Find(path)
		assert.EqualError(t, err, want)
		assert.ErrorIs(t, err, saga.ErrNodeNotFound)
	}
}

func TestFindPrefersTheWholePath(t *testing.T) {
	inner := build(t, saga.NewDAGBuilder("inner").Append(action("a")))
	dag := build(t, saga.NewDAGBuilder("s").Append(saga.SubsagaNode("sub", inner, saga.FromParams)).Append(action("a")))
	assert.Equal(t, saga.NodePath("a"), dag.Path(find(t, dag, "a")))
	assert.Equal(t, engine.NodeID(4), find(t, dag, "a"))
}

func TestEveryEdgeLeadsUpwards(t *testing.T) {
	for _, dag := range []*saga.DAG{tripDAG(t), nestedDAG(t), chain(t, 50), fan(t, 50)} {
		for id := engine.NodeID(0); dag.Contains(id); id++ {
			for _, p := range dag.Parents(id) {
				require.Less(t, p, id)
				require.Contains(t, dag.Children(p), id)
			}
			for _, c := range dag.Children(id) {
				require.Contains(t, dag.Parents(c), id)
			}
		}
	}
}

// chain returns n nodes in sequence, each with the output of the previous one
// as its input.
func chain(t testing.TB, n int) *saga.DAG {
	t.Helper()
	b := saga.NewDAGBuilder("chain").Append(action("n0"))
	for i := 1; i < n; i++ {
		b.Append(action(saga.NodeName(fmt.Sprintf("n%d", i)), saga.Bind("x", saga.NodeName(fmt.Sprintf("n%d", i-1)))))
	}
	return build(t, b)
}

// fan returns n parallel nodes between a first and a last one.
func fan(t testing.TB, n int) *saga.DAG {
	t.Helper()
	return build(t,
		saga.NewDAGBuilder("fan").Append(action("first")).AppendParallel(fanNodes(n)...).Append(action("last")))
}

// nodeFan is like fan, but with explicit edges.
func nodeFan(t testing.TB, n int) *saga.DAG {
	t.Helper()
	b := saga.NewDAGBuilder("fan").Append(action("first"))
	for _, node := range fanNodes(n) {
		b.Node(node, "first")
	}
	return build(t, b.Append(action("last")))
}

func fanNodes(n int) []saga.Node {
	nodes := make([]saga.Node, n)
	for i := range nodes {
		nodes[i] = action(saga.NodeName(fmt.Sprintf("n%d", i)), saga.Bind("x", "first"))
	}
	return nodes
}
