package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestNodeKindsAreTextInJSON(t *testing.T) {
	for kind, want := range map[engine.NodeKind]string{
		engine.KindStart: "start", engine.KindEnd: "end", engine.KindConstant: "constant",
		engine.KindSubsagaStart: "subsaga_start",
		engine.KindSubsagaEnd:   "subsaga_end", engine.KindAction: "action", engine.KindSubsaga: "subsaga",
	} {
		assert.Equal(t, want, kind.String())
		text, err := json.Marshal(kind)
		require.NoError(t, err)
		var back engine.NodeKind
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, kind, back)
	}
	assert.Equal(t, "node kind 99", engine.NodeKind(99).String())
	assert.EqualError(t, new(engine.NodeKind).UnmarshalText([]byte("x")), `node kind "x" is unknown`)
}

func TestOnlyActionsAreNotStructural(t *testing.T) {
	for _, kind := range []engine.NodeKind{engine.KindStart, engine.KindEnd, engine.KindConstant, engine.KindSubsagaStart,
		engine.KindSubsagaEnd} {
		assert.Less(t, kind, engine.KindAction)
	}
}

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
