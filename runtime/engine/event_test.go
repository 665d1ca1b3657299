package engine_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/engine"
)

func TestEventKindsKeepTheirNumbersAndNames(t *testing.T) {
	want := map[engine.EventKind]string{
		1: "started", 2: "succeeded", 3: "failed", 4: "indeterminate", 5: "undo_started", 6: "undo_finished",
		7: "undo_failed",
		8: "canceled", 9: "paused", 10: "resumed", 11: "stepped", 12: "breakpoint_set", 13: "breakpoint_cleared",
		14: "undo_retried", 15: "marked_undone", 16: "output_supplied", 17: "abandoned",
	}
	assert.Len(t, engine.EventKinds(), len(want))
	for _, kind := range engine.EventKinds() {
		assert.Equal(t, want[kind], kind.String())
		assert.Equal(t, kind >= 8, kind.IsCommand())
		text, err := json.Marshal(kind)
		require.NoError(t, err)
		var back engine.EventKind
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, kind, back)
	}
	assert.Equal(t, "event kind 0", engine.EventKind(0).String())
	_, err := json.Marshal(engine.EventKind(18))
	assert.ErrorContains(t, err, "event kind 18 is unknown")
	assert.EqualError(t, new(engine.EventKind).UnmarshalText([]byte("x")), `event kind "x" is unknown`)
}

func TestEventLogsItsKindAndNotItsPayload(t *testing.T) {
	e := engine.Event{Seq: 3, Node: 2, Kind: engine.EventSucceeded, Payload: []byte(`"4111"`)}
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "event", e)
	assert.Contains(t, out.String(), "event.seq=3 event.node=2 event.kind=succeeded")
	assert.NotContains(t, out.String(), "4111")
}
