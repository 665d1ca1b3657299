package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"

	"github.com/sagagen/sagagen/bench/trip"
)

func TestCheckSucceededFindsMissingAndUnfinishedSagas(t *testing.T) {
	st := store.NewMemory()
	require.NoError(t, fill(t.Context(), st, 30, finishedTrip))
	assert.NoError(t, checkSucceeded(t.Context(), st, 30))
	assert.ErrorContains(t, checkSucceeded(t.Context(), st, 31), "the store has 30 sagas, want 31")
	require.NoError(t, fill(t.Context(), st, 1, unfinishedTrip))
	assert.ErrorContains(t, checkSucceeded(t.Context(), st, 31), "running")
}

func TestFillReturnsErrorOfStore(t *testing.T) {
	empty := func(int64) (store.NewSaga, error) { return store.NewSaga{}, nil }
	err := fill(t.Context(), store.NewMemory(), 30, empty)
	assert.ErrorContains(t, err, "saga has no id")
}

func TestTrackerReportsFullRecoveryAndRepeatedSaga(t *testing.T) {
	tracker := newRecoveryTracker(2)
	tracker.onCharge(trip.NewParams(2))
	assert.Empty(t, tracker.all)
	tracker.onCharge(trip.NewParams(1))
	assert.NoError(t, <-tracker.all)
	assert.Positive(t, tracker.first.Load())
	tracker.onCharge(trip.NewParams(1))
	assert.ErrorContains(t, <-tracker.all, "card 1")
	tracker.onCharge(trip.NewParams(3))
	assert.ErrorContains(t, <-tracker.all, "card 3")
}

func TestWaitUntilFinalWaitsForEverySaga(t *testing.T) {
	st := store.NewMemory()
	require.NoError(t, fill(t.Context(), st, 1, unfinishedTrip))
	ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Millisecond, context.DeadlineExceeded)
	defer cancel()
	assert.ErrorIs(t, waitUntilFinal(ctx, st), context.DeadlineExceeded)

	records, err := st.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	require.NoError(t, st.Append(t.Context(), store.Append{
		ID: records[0].ID, Generation: 1, Seq: 1, State: saga.StateSucceeded,
	}))
	assert.NoError(t, waitUntilFinal(t.Context(), st))
}

func TestTripAloneMakesFourWrites(t *testing.T) {
	sizes, err := tripWrites(t.Context())
	require.NoError(t, err)
	require.Len(t, sizes, 4, "one for each step of the critical path, and one more")
	for _, size := range sizes {
		assert.Greater(t, size, 50, "each write has the parameters or an event with an output")
	}
}

func TestFloorFailsIfRowIsMissing(t *testing.T) {
	rows := int64(0)
	f, err := newFloor(t.Context(), floor{
		clients: 3,
		writers: 1,
		commit: func(_ context.Context, n int, _ []byte) error {
			rows += int64(n)
			return nil
		},
		meter: noMeter,
		rows:  func(context.Context) (int64, error) { return rows, nil },
	})
	require.NoError(t, err)
	_, err = f.measure(t.Context(), budget{time: time.Hour, sagas: 6})
	require.NoError(t, err)
	assert.EqualValues(t, 2*3*4, rows)

	f.rows = func(context.Context) (int64, error) { return rows - 1, nil }
	_, err = f.measure(t.Context(), budget{time: time.Hour, sagas: 6})
	assert.ErrorContains(t, err, "the table has")
}

func TestWithDatabaseReplacesDatabaseName(t *testing.T) {
	got, err := withDatabase("postgres://me@/postgres?host=%2Ftmp", "other")
	require.NoError(t, err)
	assert.Equal(t, "postgres://me@/other?host=%2Ftmp", got)
	_, err = withDatabase("host=/tmp user=me", "other")
	assert.ErrorContains(t, err, "SAGA_BENCH_POSTGRES is not a URL")
}
