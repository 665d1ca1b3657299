package poll

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const every = time.Minute

// start runs a poller until the test ends, and returns how often it has polled.
func start(t *testing.T, poll func()) (*Poller, *atomic.Int32) {
	polls := new(atomic.Int32)
	p := New(every, func() {
		polls.Add(1)
		poll()
	})
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		p.Run(stopping)
	}()
	t.Cleanup(func() {
		close(stopping)
		<-stopped
	})
	synctest.Wait()
	return p, polls
}

func TestPollerPollsAtOnceAndThenAtRandomTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last time.Time
		pauses := map[time.Duration]bool{}
		_, polls := start(t, func() {
			if !last.IsZero() {
				pauses[time.Since(last)] = true
			}
			last = time.Now()
		})
		assert.EqualValues(t, 1, polls.Load())
		time.Sleep(100 * every)
		synctest.Wait()
		assert.Greater(t, polls.Load(), int32(100))
		assert.Greater(t, len(pauses), 50)
		for pause := range pauses {
			assert.GreaterOrEqual(t, pause, every/2)
			assert.LessOrEqual(t, pause, every+minPause)
		}
	})
}

func TestPollerSharesAPollBetweenWakeUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, polls := start(t, func() {})
		for range 3 {
			p.Wake()
		}
		synctest.Wait()
		assert.EqualValues(t, 1, polls.Load(), "not before a pause")
		time.Sleep(minPause)
		synctest.Wait()
		assert.EqualValues(t, 2, polls.Load())
		time.Sleep(every / 4)
		p.Wake()
		synctest.Wait()
		assert.EqualValues(t, 3, polls.Load(), "at once if the pause is over")
	})
}

func TestPollerPollsAgainAfterAWakeUpDuringAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p *Poller
		p, polls := start(t, func() {
			if p != nil {
				p.Wake()
				p = nil
			}
		})
		time.Sleep(minPause)
		p.Wake()
		time.Sleep(2 * minPause)
		synctest.Wait()
		assert.EqualValues(t, 3, polls.Load())
	})
}

func TestWatchWakesThePollerAndIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, polls := start(t, func() {})
		time.Sleep(minPause)
		var log bytes.Buffer
		calls := 0
		ctx, cancel := context.WithCancel(t.Context())
		p.Watch(ctx, func(_ context.Context, wake func()) error {
			switch calls++; calls {
			case 1:
				wake()
				synctest.Wait()
				assert.EqualValues(t, 2, polls.Load())
				return errors.New("connection lost")
			default:
				cancel()
				return ctx.Err()
			}
		}, slog.New(slog.NewTextHandler(&log, nil)))
		assert.Equal(t, 2, calls)
		assert.Contains(t, log.String(), "connection lost")
	})
}

func TestWatchEndsIfItIsUnsupported(t *testing.T) {
	var log bytes.Buffer
	calls := 0
	p := New(every, func() {})
	p.Watch(t.Context(), func(context.Context, func()) error {
		calls++
		return errors.ErrUnsupported
	}, slog.New(slog.NewTextHandler(&log, nil)))
	require.Equal(t, 1, calls)
	assert.Empty(t, log.String())
}
