package saga_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestNewIDsDifferAndSortByTime(t *testing.T) {
	last := saga.NewID()
	for range 1000 {
		id := saga.NewID()
		require.Greater(t, id.String(), last.String())
		last = id
	}
}

func TestParseID(t *testing.T) {
	const text = "049b2522-308d-442e-bc65-9bfaef863597"
	id, err := saga.ParseID(text)
	require.NoError(t, err)
	assert.Equal(t, text, id.String())

	const length = "want 36 characters, as in 0192f0c1-2a3b-7c4d-8e5f-60718293a4b5"
	for bad, want := range map[string]string{
		"":                                       length,
		"049b2522308d442ebc659bfaef863597":       length,
		"{049b2522-308d-442e-bc65-9bfaef863597}": length,
		"049b2522-308d-442e-bc65-9bfaef86359x":   "invalid UUID format",
	} {
		_, err := saga.ParseID(bad)
		assert.EqualError(t, err, fmt.Sprintf("saga id %q: %s", bad, want))
	}
}

func TestIDIsTextInJSON(t *testing.T) {
	id := saga.NewID()
	text, err := json.Marshal(map[saga.ID]saga.ID{id: id})
	require.NoError(t, err)
	assert.JSONEq(t, `{"`+id.String()+`":"`+id.String()+`"}`, string(text))

	var back map[saga.ID]saga.ID
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, map[saga.ID]saga.ID{id: id}, back)

	assert.ErrorContains(t, json.Unmarshal([]byte(`"x"`), new(saga.ID)), `saga id "x"`)
}

func TestOnlyTheZeroIDIsZero(t *testing.T) {
	assert.True(t, saga.ID{}.IsZero())
	assert.False(t, saga.NewID().IsZero())
}
