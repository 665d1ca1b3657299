package engine_test

import (
	"encoding/json"
	"testing"

	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

func TestNodeStatesHaveNames(t *testing.T) {
	var names []string
	for _, s := range engine.NodeStates() {
		text, err := json.Marshal(s)
		assert.NoError(t, err)
		assert.Equal(t, `"`+s.String()+`"`, string(text))
		names = append(names, s.String())
	}
	assert.Equal(t,
		[]string{"pending", "started", "succeeded", "failed", "indeterminate", "undo_started", "undone", "undo_failed"},
		names)
	assert.Equal(t, "node state 99", engine.NodeState(99).String())
}
