package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var releasePromises = []promise{
	{
		name:  "makes the saga unowned",
		check: releaseMakesSagaUnowned,
		quotes: []string{
			"Release makes a saga of the given generation unowned.",
			"It ends the saga's lease and clears its notification.",
			"Generation is the saga's fencing token. It is 1 plus the number of times that the saga was claimed or " +
				"released.",
		},
	},
	{
		name:  "keeps the unowned sagas ordered by ID",
		check: releaseKeepsUnownedSagasOrderedByID,
	},
	{
		name:  "fences the former owner",
		check: releaseFencesFormerOwner,
		quotes: []string{
			"It also increments the generation, so the former owner can't write to the saga even before another " +
				"coordinator claims it.",
			"If the saga doesn't exist or has another generation, Release changes nothing and returns ErrNotFound or " +
				"ErrFenced.",
		},
	},
	{
		name:   "does nothing to a final saga",
		check:  releaseDoesNothingToFinalSaga,
		quotes: []string{"If the saga is final, Release changes nothing and returns nil."},
	},
}

func releaseMakesSagaUnowned(t *testing.T, s store.Store) {
	n, other := newSaga(), newSaga()
	n.Queue, other.Queue = "q", "q"
	create(t, s, n, other)
	notifyOwner(t, s, n)
	want, unchanged := load(t, s, n.ID), load(t, s, other.ID)
	require.NoError(t, s.Renew(t.Context(), alice, time.Hour))
	require.NoError(t, s.Release(t.Context(), n.ID, 1))
	want.Owner, want.Generation, want.Notified = "", 2, false
	requireSameRecord(t, want, load(t, s, n.ID))
	requireEvents(t, s, n.ID, events(0, 3))
	requireSameRecord(t, unchanged, load(t, s, other.ID))
	assert.Empty(t, list(t, s, saga.Query{Notified: true}))
	assert.Equal(t, sagaIDs(other), list(t, s, saga.Query{Owner: alice}))
	require.NoError(t, s.Renew(t.Context(), alice, time.Hour)) // alice no longer owns it

	claimed := claim(t, s, store.Claim{Owner: bob, Queue: "q", Unowned: true, Lease: time.Hour})
	require.Equal(t, sagaIDs(n), recordIDs(claimed))
	want.Owner, want.Generation = bob, 3
	requireSameRecord(t, want, claimed[0])
	require.NoError(t, s.Release(t.Context(), n.ID, 3))
	claimed = claim(t, s, store.Claim{Owner: bob, Queue: "q"})
	assert.Equal(t, sagaIDs(n), recordIDs(claimed), "its former owner can claim it, too")
}

func releaseKeepsUnownedSagasOrderedByID(t *testing.T, s store.Store) {
	sagas := []store.NewSaga{unowned(""), newSaga(), newSaga(), unowned("")}
	create(t, s, sagas...)
	require.NoError(t, s.Renew(t.Context(), alice, time.Hour))
	require.NoError(t, s.Release(t.Context(), sagas[2].ID, 1))
	require.NoError(t, s.Release(t.Context(), sagas[1].ID, 1))
	for i := range sagas {
		claimed := claim(t, s, store.Claim{Owner: bob, Lease: time.Hour, Limit: 1})
		assert.Equal(t, sagaIDs(sagas[i]), recordIDs(claimed))
	}
}

func releaseFencesFormerOwner(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	require.ErrorIs(t, s.Release(t.Context(), saga.NewID(), 1), store.ErrNotFound)
	require.NoError(t, s.Release(t.Context(), n.ID, 1))
	requireUnchanged(t, s, n.ID, func() {
		require.ErrorIs(t, s.Append(t.Context(), next(n.ID, 1, 2, 1)), store.ErrFenced)
		require.ErrorIs(t, s.Release(t.Context(), n.ID, 1), store.ErrFenced, "released again")
	})
	require.NoError(t, s.Append(t.Context(), next(n.ID, 2, 2, 1)), "the generation is current")
	require.Len(t, claim(t, s, store.Claim{Owner: bob, Lease: time.Hour}), 1)
	requireUnchanged(t, s, n.ID, func() {
		for _, generation := range []uint64{0, 1, 2, 4, 1<<64 - 1} {
			require.ErrorIs(t, s.Release(t.Context(), n.ID, generation), store.ErrFenced)
		}
		assert.Empty(t, claim(t, s, store.Claim{Owner: alice}), "bob's lease hasn't expired")
	})
}

func releaseDoesNothingToFinalSaga(t *testing.T, s store.Store) {
	for _, state := range []saga.State{saga.StateSucceeded, saga.StateFailed, saga.StateAbandoned} {
		n := newSagaIn(state)
		create(t, s, n)
		requireUnchanged(t, s, n.ID, func() {
			require.NoError(t, s.Release(t.Context(), n.ID, 1))
			require.ErrorIs(t, s.Release(t.Context(), n.ID, 2), store.ErrFenced)
		})
	}
	stuck := newSagaIn(saga.StateStuck)
	create(t, s, stuck)
	require.NoError(t, s.Release(t.Context(), stuck.ID, 1))
	assert.Empty(t, load(t, s, stuck.ID).Owner, "a stuck saga is not final")
}
