package saga_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestTree(t *testing.T) {
	inner := build(t, saga.NewDAGBuilder("inner").AppendParallel(action("x"), action("y")).Append(action("z")))
	one := build(t, saga.NewDAGBuilder("one").Append(action("only")))
	for _, tt := range []struct {
		name string
		dag  *saga.DAG
		want string
	}{
		{"chain", chain(t, 3), `
+ saga execution: 049b2522-308d-442e-bc65-9bfaef863597
+-- done: (start node)
+-- done: n0 (produces "n0")
+-- done: n1 (produces "n1")
+-- done: n2 (produces "n2")
+-- done: (end node)
`},
		{"two stages", build(t, saga.NewDAGBuilder("s").
			AppendParallel(action("a"), action("b")).
			AppendParallel(action("c"), action("d")).
			Append(action("e"))), `
+ saga execution: 049b2522-308d-442e-bc65-9bfaef863597
+-- done: (start node)
+-- (parallel actions):
        +-- done: a (produces "a")
        +-- done: b (produces "b")
+-- (parallel actions):
        +-- done: c (produces "c")
        +-- done: d (produces "d")
+-- done: e (produces "e")
+-- done: (end node)
`},
		{"nested subsagas", nestedDAG(t), `
+ saga execution: 049b2522-308d-442e-bc65-9bfaef863597
+-- done: (start node)
+-- done: (constant = {"n":1}) (produces "size")
+-- done: (subsaga start: "outer-saga")
        +-- done: pick (produces "pick")
        +-- done: (subsaga start: "inner-saga")
                +-- done: deep (produces "deep")
        +-- done: (subsaga end) (produces "inner")
        +-- done: sum (produces "sum")
+-- done: (subsaga end) (produces "outer")
+-- (parallel actions):
        +-- done: (subsaga start: "inner-saga")
                +-- done: deep (produces "deep")
        +-- done: (subsaga end) (produces "left")
        +-- done: (subsaga start: "inner-saga")
                +-- done: deep (produces "deep")
        +-- done: (subsaga end) (produces "right")
+-- done: last (produces "last")
+-- done: (end node)
`},
		{"stages in a subsaga beside an action", build(t, saga.NewDAGBuilder("s").
			AppendParallel(saga.SubsagaNode("sub", inner, saga.FromParams), action("a")).
			Append(saga.SubsagaNode("end", one, "a"))), `
+ saga execution: 049b2522-308d-442e-bc65-9bfaef863597
+-- done: (start node)
+-- (parallel actions):
        +-- done: (subsaga start: "inner")
                +-- (parallel actions):
                        +-- done: x (produces "x")
                        +-- done: y (produces "y")
                +-- done: z (produces "z")
        +-- done: (subsaga end) (produces "sub")
        +-- done: a (produces "a")
+-- done: (subsaga start: "one")
        +-- done: only (produces "only")
+-- done: (subsaga end) (produces "end")
+-- done: (end node)
`},
		{"edges of their own", build(t, saga.NewDAGBuilder("s").
			Node(action("a")).
			Node(action("b"), "a").
			Node(saga.SubsagaNode("sub", one, "b"), "b").
			Node(action("c"), "a").
			Node(action("d"), "sub", "c")), `
+ saga execution: 049b2522-308d-442e-bc65-9bfaef863597
+-- done: (start node)
+-- done: a (produces "a")
+-- (parallel actions):
        +-- done: b (produces "b")
        +-- done: c (produces "c")
+-- done: (subsaga start: "one")
        +-- done: only (produces "only")
+-- done: (subsaga end) (produces "sub")
+-- done: d (produces "d")
+-- done: (end node)
`},
		{"quoted names", build(t, saga.NewDAGBuilder("s").Append(saga.ActionNode(`a "b" \c`, `la"bel`, "x"))), `
+ saga execution: 049b2522-308d-442e-bc65-9bfaef863597
+-- done: (start node)
+-- done: la"bel (produces "a \"b\" \\c")
+-- done: (end node)
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := statusOf(t, tt.dag, saga.StateSucceeded, engine.NodeSucceeded, nil)
			assert.Equal(t, tt.want[1:], s.String())
		})
	}
}

func TestTreeShowsStates(t *testing.T) {
	s := statusOf(t, tripDAG(t), saga.StateStuck, engine.NodePending, map[saga.NodePath]engine.NodeState{
		"payment": engine.NodeUndoFailed, "hotel": engine.NodeFailed, "flight": engine.NodeUndone,
	})
	s.Nodes[0].State = engine.NodeSucceeded
	assert.Equal(t, `+ saga execution: 049b2522-308d-442e-bc65-9bfaef863597
+-- done: (start node)
+-- undo-failed: ChargeCreditCard (produces "payment")
+-- (parallel actions):
        +-- failed: BookHotel (produces "hotel")
        +-- undone: BookFlight (produces "flight")
        +-- abandoned: BookCar (produces "car")
+-- abandoned: Summarize (produces "summary")
+-- abandoned: (end node)
`, s.String())
}
