package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestStatesKeepTheirNumbersAndNames(t *testing.T) {
	for _, tt := range []struct {
		state          saga.State
		number         uint8
		name           string
		final, settled bool
	}{
		{saga.StateCreated, 1, "created", false, false},
		{saga.StateRunning, 2, "running", false, false},
		{saga.StateUnwinding, 3, "unwinding", false, false},
		{saga.StateStuck, 4, "stuck", false, true},
		{saga.StateSucceeded, 5, "succeeded", true, true},
		{saga.StateFailed, 6, "failed", true, true},
		{saga.StateAbandoned, 7, "abandoned", true, true},
	} {
		assert.Equal(t, tt.number, uint8(tt.state))
		assert.Equal(t, tt.name, tt.state.String())
		assert.Equal(t, tt.final, tt.state.Final(), tt.name)
		assert.Equal(t, tt.settled, tt.state.Settled(), tt.name)
		text, err := json.Marshal(tt.state)
		assert.NoError(t, err)
		assert.Equal(t, `"`+tt.name+`"`, string(text))
	}
	assert.Equal(t, "state 0", saga.State(0).String())
}
