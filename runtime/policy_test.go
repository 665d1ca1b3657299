package saga_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestAttempts(t *testing.T) {
	for _, tt := range []struct{ max, do, undo int }{
		{0, 1, 11},
		{saga.Unlimited, math.MaxInt, math.MaxInt},
		{1, 1, 1},
		{20, 20, 20},
		{math.MaxInt, math.MaxInt, math.MaxInt},
	} {
		assert.Equal(t, tt.do, saga.Policy{MaxAttempts: tt.max}.Attempts(saga.Do), tt.max)
		assert.Equal(t, tt.undo, saga.Policy{MaxAttempts: tt.max}.Attempts(saga.Undo), tt.max)
	}
}

func TestDelayDoublesUpToMaxBackoff(t *testing.T) {
	var delays []time.Duration
	for failed := 1; failed <= 11; failed++ {
		delays = append(delays, saga.Policy{}.Delay(failed))
	}
	ms := time.Millisecond
	assert.Equal(t,
		[]time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 12800 * ms, 25600 * ms,
			30 * time.Second, 30 * time.Second}, delays)

	assert.Equal(t, 3*time.Second, saga.Policy{Backoff: 3 * time.Second}.Delay(1))
	assert.Equal(t, 12*time.Second, saga.Policy{Backoff: 3 * time.Second}.Delay(3))
	assert.Equal(t, saga.MaxBackoff, saga.Policy{Backoff: time.Hour}.Delay(1))
	assert.Equal(t, saga.MaxBackoff, saga.Policy{Backoff: math.MaxInt64}.Delay(2))
	assert.Equal(t, saga.MaxBackoff, saga.Policy{Backoff: 1}.Delay(math.MaxInt))
	assert.Equal(t, saga.DefaultBackoff, saga.Policy{Backoff: -1}.Delay(1))
}

func TestDirectionsHaveNames(t *testing.T) {
	assert.Equal(t, "do", saga.Do.String())
	assert.Equal(t, "undo", saga.Undo.String())
	text, err := saga.Undo.MarshalText()
	assert.NoError(t, err)
	assert.Equal(t, "undo", string(text))
}
