package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestEventKindsKeepTheirNumbersAndNames(t *testing.T) {
	want := map[saga.EventKind]string{
		1: "started", 2: "succeeded", 3: "failed", 4: "indeterminate", 5: "undo_started", 6: "undo_finished",
		7: "undo_failed",
		8: "canceled", 9: "paused", 10: "resumed", 11: "stepped", 12: "breakpoint_set", 13: "breakpoint_cleared",
		14: "undo_retried", 15: "marked_undone", 16: "output_supplied", 17: "abandoned",
	}
	assert.Len(t, saga.EventKinds(), len(want))
	for _, kind := range saga.EventKinds() {
		assert.Equal(t, want[kind], kind.String())
		assert.Equal(t, kind >= 8, kind.IsCommand())
		text, err := json.Marshal(kind)
		require.NoError(t, err)
		var back saga.EventKind
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, kind, back)
	}
	assert.Equal(t, "event kind 0", saga.EventKind(0).String())
	_, err := json.Marshal(saga.EventKind(18))
	assert.ErrorContains(t, err, "event kind 18 is unknown")
	assert.EqualError(t, new(saga.EventKind).UnmarshalText([]byte("x")), `event kind "x" is unknown`)
}
