package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var createPromises = []promise{
	{
		name:   "records the saga and its events",
		check:  createRecordsSagaAndItsEvents,
		quotes: []string{"Create records a saga with generation 1 and its first events, which are numbered from 0."},
	},
	{
		name:   "accepts a saga without events",
		check:  createAcceptsSagaWithoutEvents,
		quotes: []string{"Events are the first events, numbered from 0. There may be none."},
	},
	{
		name:  "accepts a final saga",
		check: createAcceptsFinalSaga,
	},
	{
		name:   "returns ErrExists for an existing ID",
		check:  createReturnsErrExists,
		quotes: []string{"It returns ErrExists, and changes nothing, if a saga with that ID exists."},
	},
}

func createRecordsSagaAndItsEvents(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	got := load(t, s, n.ID)
	assert.Less(t, got.Updated.Sub(got.Created).Abs(), time.Millisecond, "Updated equals Created")
	assert.Less(t, time.Since(got.Created).Abs(), time.Hour, "Created is now")
	requireSameRecord(t, saga.Record{
		ID: n.ID, Name: n.Name, State: n.State, Owner: alice, Generation: 1, NextSeq: 2,
		DAG: n.DAG, Params: n.Params,
		Created: got.Created, Updated: got.Updated,
	}, got)
	requireEvents(t, s, n.ID, n.Events)
}

func createAcceptsSagaWithoutEvents(t *testing.T, s store.Store) {
	n := newSaga()
	n.Events, n.State = nil, saga.StateCreated
	create(t, s, n)
	assert.Zero(t, load(t, s, n.ID).NextSeq)
	requireEvents(t, s, n.ID, nil)
}

func createAcceptsFinalSaga(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateSucceeded)
	create(t, s, n)
	assert.Equal(t, saga.StateSucceeded, load(t, s, n.ID).State)
	assert.Empty(t, claim(t, s, store.Claim{Owner: bob}))
}

func createReturnsErrExists(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	other := newSagaIn(saga.StateFailed)
	other.ID, other.Name, other.Owner, other.Events = n.ID, "other", bob, events(0, 5)
	requireUnchanged(t, s, n.ID, func() {
		require.ErrorIs(t, s.Create(t.Context(), n), store.ErrExists)
		require.ErrorIs(t, s.Create(t.Context(), other), store.ErrExists)
	})
}

var deletePromises = []promise{
	{
		name:   "removes the record and the log",
		check:  deleteRemovesRecordAndLog,
		quotes: []string{"Delete removes a saga and its log."},
	},
	{
		name:  "returns ErrNotFound or ErrNotFinal",
		check: deleteReturnsErrors,
		quotes: []string{
			"It returns ErrNotFound if no saga with that ID exists, and ErrNotFinal if the saga is not final.",
		},
	},
}

func deleteRemovesRecordAndLog(t *testing.T, s store.Store) {
	succeeded, failed := newSagaIn(saga.StateSucceeded), newSagaIn(saga.StateFailed)
	abandoned, other := newSagaIn(saga.StateAbandoned), newSagaIn(saga.StateFailed)
	create(t, s, succeeded, failed, abandoned, other)
	require.NoError(t, s.Delete(t.Context(), succeeded.ID))
	require.NoError(t, s.Delete(t.Context(), failed.ID))
	require.NoError(t, s.Delete(t.Context(), abandoned.ID))
	_, err := s.Load(t.Context(), failed.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	requireEvents(t, s, failed.ID, nil)
	assert.Equal(t, sagaIDs(other), list(t, s, saga.Query{}))
	requireEvents(t, s, other.ID, other.Events)

	failed.Events = nil
	create(t, s, failed) // the ID can be used again, and no old event is left
	requireEvents(t, s, failed.ID, nil)
}

func deleteReturnsErrors(t *testing.T, s store.Store) {
	require.ErrorIs(t, s.Delete(t.Context(), saga.NewID()), store.ErrNotFound)
	for _, state := range []saga.State{saga.StateCreated, saga.StateRunning, saga.StateUnwinding, saga.StateStuck} {
		n := newSagaIn(state)
		create(t, s, n)
		requireUnchanged(t, s, n.ID, func() {
			require.ErrorIs(t, s.Delete(t.Context(), n.ID), store.ErrNotFinal)
		})
	}
}
