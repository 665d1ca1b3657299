package saga_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
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
    4 [ shape = box, label = "pick\npick" ]
    5 [ shape = plaintext, label = "(subsaga end)\nserver" ]
    6 [ shape = box, label = "last\nlast" ]
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

func TestGraphvizTakesDOT(t *testing.T) {
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("Graphviz is not installed")
	}
	for _, dag := range []*saga.DAG{tripDAG(t), nestedDAG(t)} {
		cmd := exec.Command(dot, "-Tplain")
		cmd.Stdin = strings.NewReader(dag.DOT())
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s", out)
		assert.Equal(t, dag.Len(), strings.Count("\n"+string(out), "\nnode "))
	}
}
