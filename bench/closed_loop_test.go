package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newClosedLoop returns a closedLoop whose sagas take the given time, and the
// number of sagas that have run.
func newClosedLoop(clients int, took time.Duration) (*closedLoop, *atomic.Int64) {
	ran := new(atomic.Int64)
	return &closedLoop{
		clients: clients,
		saga: func(context.Context) error {
			time.Sleep(took) // in a synctest bubble
			ran.Add(1)
			return nil
		},
		meter: func(context.Context) (usage, error) { return usage{commits: 4 * float64(ran.Load())}, nil },
		verify: func(_ context.Context, sagas int64) error {
			if n := ran.Load(); n != sagas {
				return fmt.Errorf("the store has %d sagas, want %d", n, sagas)
			}
			return nil
		},
		end: func() error { return nil },
	}, ran
}

func TestClosedLoopRunsForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ran := newClosedLoop(3, 10*time.Millisecond)
		samples, err := c.measure(t.Context(), budget{time: time.Second})
		require.NoError(t, err)
		require.Len(t, samples, 1)
		assert.InDelta(t, 300, samples[0].value, 1e-6)
		assert.Equal(t, percentiles{10 * time.Millisecond, 10 * time.Millisecond}, samples[0].latency)
		assert.Equal(t, 4.0, samples[0].use.commits)
		assert.EqualValues(t, 3*100+3*20, ran.Load(), "the warm-up has a fifth of the time")
	})
}

func TestClosedLoopRunsAtMostBudgetedSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ran := newClosedLoop(4, 10*time.Millisecond)
		n, _, times, err := c.run(t.Context(), budget{time: time.Hour, sagas: 10})
		require.NoError(t, err)
		assert.EqualValues(t, 10, n)
		assert.EqualValues(t, 10, ran.Load())
		assert.Len(t, times, 10)
	})
}

func TestWrongOutputFailsRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ran := newClosedLoop(4, time.Millisecond)
		wrong := errors.New("wrong output")
		right := c.saga
		c.saga = func(ctx context.Context) error {
			if ran.Load() > 20 {
				return wrong
			}
			return right(ctx)
		}
		_, err := c.measure(t.Context(), budget{time: time.Hour})
		assert.ErrorIs(t, err, wrong)
	})
}

func TestLostSagaFailsRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ran := newClosedLoop(4, time.Millisecond)
		right := c.saga
		c.saga = func(ctx context.Context) error {
			if ran.CompareAndSwap(7, 6) {
				return nil
			}
			return right(ctx)
		}
		_, err := c.measure(t.Context(), budget{time: time.Second})
		assert.ErrorContains(t, err, "the store has")
	})
}
