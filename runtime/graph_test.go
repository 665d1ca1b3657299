package saga_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestDOT(t *testing.T) {
	alloc := build(t, saga.NewDAGBuilder("alloc").Append(action("pick")))
	dag := build(t, saga.NewDAGBuilder(`it "quotes" \n`).
		Append(saga.ConstantNode("size", map[string]string{"a": `b\c`})).
		AppendParallel(saga.ActionNode("hotel", `Book "Ritz"`, "x"), saga.SubsagaNode("server", alloc, "size")).
		Append(action("last")))
	assert.Equal(t, `digraph "it \"quotes\" \\n" {
    0 [ shape = plaintext, label = "(start node)" ]
    1 [ shape = plaintext, label = "(constant = {\"a\":\"b\\\\c\"})\nsize" ]
    2 [ shape = box, label = "Book \"Ritz\"\nhotel" ]
    3 [ shape = plaintext, label = "(subsaga start: \"alloc\")" ]
    4 [ shape = box, label = "pick" ]
    5 [ shape = plaintext, label = "(subsaga end)\nserver" ]
    6 [ shape = box, label = "last" ]
    7 [ shape = plaintext, label = "(end node)" ]
    0 -> 1
    1 -> 2
    1 -> 3
    3 -> 4
    4 -> 5
    2 -> 6
    5 -> 6
    6 -> 7
}
`, dag.DOT())
}

func TestMermaid(t *testing.T) {
	dag := build(t, saga.NewDAGBuilder("s").
		Append(saga.ConstantNode("size", `a "quoted" <b> #1; `+"`")).
		Append(saga.ActionNode("hotel", `Book "Ritz"`, "x")))
	assert.Equal(t, `flowchart TD
    n0(["(start node)"])
    n1(["(constant = #34;a \#34;quoted\#34; \u003cb\u003e #35;1; #96;#34;)<br>size"])
    n2["Book #34;Ritz#34;<br>hotel"]
    n3(["(end node)"])
    n0 --> n1
    n1 --> n2
    n2 --> n3
`, dag.Mermaid())
}

// The diagrams of a saga show the word of the status tree for each node, with a
// color.
func TestDiagramsOfASagaShowItsState(t *testing.T) {
	dag := withParams(t, build(t, saga.NewDAGBuilder("s").Append(action("a")).Append(action("b"))), nil)
	status := &saga.Status{
		DAG: dag, State: saga.StateRunning, Active: true,
		Nodes: []saga.NodeStatus{
			{State: engine.NodeSucceeded}, {State: engine.NodeSucceeded}, {State: engine.NodeStarted},
			{State: engine.NodePending},
		},
	}
	assert.Contains(t, status.DOT(),
		`1 [ shape = box, label = "a\ndone", style = filled, fillcolor = "#9fdba5", fontcolor = black ]`)
	assert.Contains(t, status.DOT(), `label = "b\nworking"`)
	assert.Contains(t, status.Mermaid(), `n2["b<br>working"]`)
	assert.Contains(t, status.Mermaid(), "style n3 fill:#e8e8e8,color:#000")
}
