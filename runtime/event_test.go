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
		1: "started", 2: "succeeded", 3: "failed", 4: "indeterminate", 5: "undo_started", 6: "undo_finished", 7: "undo_failed",
	}
	assert.Len(t, saga.EventKinds(), len(want))
	for _, kind := range saga.EventKinds() {
		assert.Equal(t, want[kind], kind.String())
		text, err := json.Marshal(kind)
		require.NoError(t, err)
		var back saga.EventKind
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, kind, back)
	}
	assert.Equal(t, "event kind 0", saga.EventKind(0).String())
	_, err := json.Marshal(saga.EventKind(8))
	assert.ErrorContains(t, err, "event kind 8 is unknown")
	assert.EqualError(t, new(saga.EventKind).UnmarshalText([]byte("x")), `event kind "x" is unknown`)
}
