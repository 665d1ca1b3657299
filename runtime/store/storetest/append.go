package storetest

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var appendPromises = []promise{
	{
		name:   "adds events and sets the state",
		check:  appendAddsEventsAndSetsState,
		quotes: []string{"Append adds events to a saga's log and sets its state and whether its owner is notified."},
	},
	{
		name:  "updates the time of the last append",
		check: appendUpdatesTimeOfLastAppend,
		quotes: []string{
			"Created is when the saga was created, and Updated when it was last appended to. Until the first append " +
				"they are equal. Both are by the store's clock, to the millisecond or better.",
		},
	},
	{
		name:  "can set every state",
		check: appendCanSetEveryState,
	},
	{
		name:  "returns the first error that applies and changes nothing",
		check: appendReturnsFirstErrorThatApplies,
		quotes: []string{
			"The saga must have the given generation, and Seq must be the number of its next event.",
			"If not, Append changes nothing and returns ErrNotFound, ErrFenced or ErrSequence, the first that applies.",
		},
	},
	{
		name:   "never returns a saga to StateCreated",
		check:  appendNeverReturnsSagaToStateCreated,
		quotes: []string{"A saga that has left StateCreated can't return to it: such an append returns ErrSequence."},
	},
	{
		name:  "returns ErrSequence when it is repeated",
		check: appendReturnsErrSequenceWhenItIsRepeated,
	},
	{
		name:  "adds events in any state, final or not",
		check: appendAddsEventsInAnyState,
	},
	{
		name:  "adds events to a saga without events",
		check: appendAddsEventsToSagaWithoutEvents,
	},
	{
		name:   "without events sets only the state",
		check:  appendWithoutEventsSetsOnlyState,
		quotes: []string{"Without events, Append only sets the state and the notification, under the same conditions."},
	},
}

func appendAddsEventsAndSetsState(t *testing.T, s store.Store) {
	n, other := newSaga(), newSaga()
	create(t, s, n, other)
	before := load(t, s, n.ID)
	first, second := next(n.ID, 1, 2, 3), next(n.ID, 1, 5, 1)
	second.State = saga.StateUnwinding
	require.NoError(t, s.Append(t.Context(), first))
	require.NoError(t, s.Append(t.Context(), second))
	requireEvents(t, s, n.ID, slices.Concat(n.Events, first.Events, second.Events))

	got := load(t, s, n.ID)
	assert.False(t, got.Updated.Before(before.Updated), "Updated doesn't decrease")
	before.State, before.NextSeq, before.Updated = saga.StateUnwinding, 6, got.Updated
	requireSameRecord(t, before, got)
	assert.EqualValues(t, 2, load(t, s, other.ID).NextSeq, "other sagas are unchanged")
	requireEvents(t, s, other.ID, other.Events)
}

func appendUpdatesTimeOfLastAppend(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	created, seq := load(t, s, n.ID).Created, uint64(2)
	require.Eventually(t, func() bool {
		assert.NoError(t, s.Append(t.Context(), next(n.ID, 1, seq, 1)))
		seq++
		return load(t, s, n.ID).Updated.After(created)
	}, 30*time.Second, time.Millisecond)
	assert.True(t, created.Equal(load(t, s, n.ID).Created), "Created is unchanged")
}

func appendCanSetEveryState(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateCreated)
	create(t, s, n)
	for state := saga.StateCreated; state <= saga.StateAbandoned; state++ {
		a := next(n.ID, 1, 1+uint64(state), 1)
		a.State = state
		require.NoError(t, s.Append(t.Context(), a))
		assert.Equal(t, state, load(t, s, n.ID).State)
		assert.Equal(t, sagaIDs(n), list(t, s, saga.Query{States: []saga.State{state}}))
	}
}

func appendReturnsFirstErrorThatApplies(t *testing.T, s store.Store) {
	n := newSaga()
	n.Lease = 0
	create(t, s, n)
	require.Len(t, claim(t, s, store.Claim{Owner: bob}), 1)
	requireUnchanged(t, s, n.ID, func() {
		for _, rejected := range []struct {
			want   error
			append store.Append
		}{
			{store.ErrNotFound, next(saga.NewID(), 9, 9, 1)},
			{store.ErrFenced, next(n.ID, 1, 2, 1)},
			{store.ErrFenced, next(n.ID, 1, 9, 1)},
			{store.ErrFenced, next(n.ID, 0, 2, 0)},
			{store.ErrFenced, next(n.ID, 3, 2, 1)},
			{store.ErrFenced, next(n.ID, math.MaxUint64, 2, 1)},
			{store.ErrSequence, next(n.ID, 2, 0, 1)},
			{store.ErrSequence, next(n.ID, 2, 1, 2)},
			{store.ErrSequence, next(n.ID, 2, 3, 1)},
			{store.ErrSequence, next(n.ID, 2, math.MaxUint64, 0)},
		} {
			rejected.append.State = saga.StateFailed
			require.ErrorIs(t, s.Append(t.Context(), rejected.append), rejected.want, "%+v", rejected.append)
		}
	})
}

func appendNeverReturnsSagaToStateCreated(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateCreated)
	create(t, s, n)
	a := next(n.ID, 1, 2, 1)
	a.State = saga.StateCreated
	require.NoError(t, s.Append(t.Context(), a), "the saga is still in StateCreated")
	assert.Equal(t, saga.StateCreated, load(t, s, n.ID).State)
	require.NoError(t, s.Append(t.Context(), next(n.ID, 1, 3, 0)))
	requireUnchanged(t, s, n.ID, func() {
		for _, events := range []int{0, 1} {
			for _, notify := range []bool{false, true} {
				a := next(n.ID, 1, 3, events)
				a.State, a.Notify = saga.StateCreated, notify
				require.ErrorIs(t, s.Append(t.Context(), a), store.ErrSequence)
			}
		}
		a.Generation = 2
		require.ErrorIs(t, s.Append(t.Context(), a), store.ErrFenced)
	})
}

func appendReturnsErrSequenceWhenItIsRepeated(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	a := next(n.ID, 1, 2, 3)
	require.NoError(t, s.Append(t.Context(), a))
	requireUnchanged(t, s, n.ID, func() {
		require.ErrorIs(t, s.Append(t.Context(), a), store.ErrSequence)
	})
}

func appendAddsEventsInAnyState(t *testing.T, s store.Store) {
	appendInAnyState(t, s, newSagaIn(saga.StateRunning))
}

func appendAddsEventsToSagaWithoutEvents(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateRunning)
	n.Events = nil
	appendInAnyState(t, s, n)
}

func appendWithoutEventsSetsOnlyState(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	a := next(n.ID, 1, 2, 0)
	a.State = saga.StateStuck
	require.NoError(t, s.Append(t.Context(), a))
	assert.Equal(t, saga.StateStuck, load(t, s, n.ID).State)
	assert.EqualValues(t, 2, load(t, s, n.ID).NextSeq)
	requireUnchanged(t, s, n.ID, func() {
		a.Seq, a.State = 1, saga.StateRunning
		require.ErrorIs(t, s.Append(t.Context(), a), store.ErrSequence)
		a.Seq = 3
		require.ErrorIs(t, s.Append(t.Context(), a), store.ErrSequence)
	})
}

// appendInAnyState creates a saga and appends to it in several states. The
// first and the last ones are final.
func appendInAnyState(t *testing.T, s store.Store, n store.NewSaga) {
	create(t, s, n)
	want := slices.Clone(n.Events)
	for _, step := range []struct {
		state saga.State
		n     int
	}{
		{saga.StateFailed, 2}, {saga.StateFailed, 3}, {saga.StateRunning, 1}, {saga.StateRunning, 2},
		{saga.StateSucceeded, 1}, {saga.StateUnwinding, 0}, {saga.StateAbandoned, 0}, {saga.StateAbandoned, 4},
	} {
		a := next(n.ID, 1, uint64(len(want)), step.n)
		a.State = step.state
		for _, wrong := range []int{-1, 1} {
			if wrong < 0 && len(want) == 0 {
				continue
			}
			late := a
			late.Seq = uint64(len(want) + wrong)
			late.Events = events(late.Seq, step.n)
			require.ErrorIs(t, s.Append(t.Context(), late), store.ErrSequence)
		}
		require.NoError(t, s.Append(t.Context(), a))
		want = append(want, a.Events...)
		record := load(t, s, n.ID)
		require.Equal(t, step.state, record.State)
		require.EqualValues(t, len(want), record.NextSeq)
		requireEvents(t, s, n.ID, want)
		for from := range want {
			page, err := s.Events(t.Context(), n.ID, uint64(from), 2)
			require.NoError(t, err)
			requireSameEvents(t, want[from:min(from+2, len(want))], page)
		}
		logs, err := s.Logs(t.Context(), []saga.ID{n.ID})
		require.NoError(t, err)
		requireSameEvents(t, want, logs[0])
	}
	require.NoError(t, s.Delete(t.Context(), n.ID))
	create(t, s, n)
	requireEvents(t, s, n.ID, n.Events)
}
