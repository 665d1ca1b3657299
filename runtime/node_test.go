package saga_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestConstantIsEncodedImmediately(t *testing.T) {
	value := []int{1, 2}
	node := saga.ConstantNode("c", value)
	value[0] = 9
	dag := build(t, saga.NewDAGBuilder("s").Append(node))
	assert.JSONEq(t, `[1,2]`, string(dag.Value(1)))
	assert.Equal(t, "(constant = [1,2])", dag.Label(1))
}

func TestInputsAreCopiedWhenANodeIsAdded(t *testing.T) {
	inputs := []saga.Binding{saga.Bind("x", saga.FromParams)}
	b := saga.NewDAGBuilder("s").Append(action("a", inputs...))
	inputs[0] = saga.Bind("y", "nowhere")
	assert.Equal(t, []saga.Binding{{Input: "x", From: saga.FromParams}}, build(t, b).Inputs(1))
}
