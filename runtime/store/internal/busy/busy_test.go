package busy

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errBusy, errOther = errors.New("busy"), errors.New("other")

func isBusy(err error) bool { return errors.Is(err, errBusy) }

func TestRetryWaitsLongerAndLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		last := time.Now()
		err := Retry(t.Context(), isBusy, func() error {
			waits = append(waits, time.Since(last)/time.Millisecond)
			last = time.Now()
			if len(waits) == 9 {
				return errOther
			}
			return errBusy
		})
		require.ErrorIs(t, err, errOther)
		assert.Equal(t, []time.Duration{0, 1, 2, 4, 8, 16, 32, 50, 50}, waits)
	})
}

func TestRetryReturnsTheFirstResultThatIsNotBusy(t *testing.T) {
	require.NoError(t, Retry(t.Context(), isBusy, func() error { return nil }))
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		calls := 0
		err := Retry(ctx, isBusy, func() error {
			calls++
			return errBusy
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, errBusy)
		assert.Equal(t, 4, calls)
	})
}
