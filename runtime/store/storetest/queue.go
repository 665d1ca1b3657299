package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var queuePromises = []promise{
	{
		name:  "limits a claim to the sagas in it",
		check: queueLimitsClaimToSagasInIt,
		quotes: []string{
			"Queue is the queue from which coordinators claim the saga. The empty name is a queue like any other.",
			"Queue is the queue from which sagas are claimed.",
		},
	},
	{
		name:  "holds unowned sagas, which can be claimed at once",
		check: queueHoldsUnownedSagas,
		quotes: []string{
			"Owner is the coordinator that owns the saga. If it is empty, the saga is unowned.",
			"An unowned saga has no lease.",
			"Owner is the coordinator that owns the saga. It is empty if the saga is unowned.",
		},
	},
	{
		name:   "can be claimed without taking sagas from their owners",
		check:  queueCanBeClaimedForUnownedSagasOnly,
		quotes: []string{"Unowned restricts the claim to unowned sagas."},
	},
}

func queueLimitsClaimToSagasInIt(t *testing.T, s store.Store) {
	queues := []string{"", "a", "A", "a ", "b"}
	sagas := make([]store.NewSaga, len(queues))
	for i, queue := range queues {
		sagas[i] = newSagaIn(saga.StateRunning)
		sagas[i].Queue = queue
	}
	create(t, s, sagas...)
	assert.Empty(t, claim(t, s, store.Claim{Owner: bob, Queue: "none"}))
	c := store.Claim{Owner: bob, Queue: "b", IDs: sagaIDs(sagas[:4]...)}
	assert.Empty(t, claim(t, s, c), "not by their IDs either")
	for i, queue := range queues {
		assert.Equal(t, queue, load(t, s, sagas[i].ID).Queue)
		claimed := claim(t, s, store.Claim{Owner: bob, Queue: queue, Lease: time.Hour})
		assert.Equal(t, sagaIDs(sagas[i]), recordIDs(claimed))
		requireSameRecord(t, load(t, s, sagas[i].ID), claimed[0])
	}
}

func queueHoldsUnownedSagas(t *testing.T, s store.Store) {
	n, elsewhere, final := unowned("a"), unowned("b"), unowned("a")
	final.State = saga.StateAbandoned
	create(t, s, n, elsewhere, final)
	want := load(t, s, n.ID)
	assert.Empty(t, want.Owner)
	assert.EqualValues(t, 1, want.Generation)
	require.NoError(t, s.Renew(t.Context(), "", time.Hour)) // no effect on unowned sagas
	assert.Empty(t, list(t, s, saga.Query{Owner: bob}))

	claimed := claim(t, s, store.Claim{Owner: bob, Queue: "a", Lease: time.Hour})
	require.Equal(t, sagaIDs(n), recordIDs(claimed))
	want.Owner, want.Generation = bob, 2
	requireSameRecord(t, want, claimed[0])
	assert.Empty(t, claim(t, s, store.Claim{Owner: alice, Queue: "a"}), "bob's claim starts a lease")
	assert.Equal(t, sagaIDs(n), list(t, s, saga.Query{Owner: bob}))
	require.ErrorIs(t, s.Append(t.Context(), next(n.ID, 1, 2, 1)), store.ErrFenced)
	require.NoError(t, s.Append(t.Context(), next(n.ID, 2, 2, 1)))
	require.NoError(t, s.Renew(t.Context(), "", 0))
	assert.Empty(t, claim(t, s, store.Claim{Owner: alice, Queue: "a"}),
		"Renew without an owner doesn't end bob's lease")
}

func queueCanBeClaimedForUnownedSagasOnly(t *testing.T, s store.Store) {
	n, owned := unowned(""), newSagaIn(saga.StateRunning) // with an expired lease
	create(t, s, n, owned)
	ids := sagaIDs(n, owned)
	assert.Equal(t, sagaIDs(n), recordIDs(claim(t, s, store.Claim{Owner: bob, Unowned: true})))
	assert.Empty(t, claim(t, s, store.Claim{Owner: "carol", Unowned: true}), "bob owns it now")
	assert.Empty(t, claim(t, s, store.Claim{Owner: "carol", Unowned: true, IDs: ids}))
	assert.ElementsMatch(t, ids, recordIDs(claim(t, s, store.Claim{Owner: "carol", IDs: ids})))
	another := unowned("")
	create(t, s, another)
	c := store.Claim{Owner: bob, Unowned: true, IDs: append(ids, another.ID)}
	assert.Equal(t, sagaIDs(another), recordIDs(claim(t, s, c)))
}
