package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var databasePromises = []promise{
	{
		name:     "keeps all changes",
		database: databaseKeepsAllChanges,
		quotes: []string{
			"When a method that changes something returns nil, the change is durable: it survives a crash of the " +
				"process and of the machine.",
			"The memory store is the exception.",
			"Multiple processes may use one database at the same time.",
		},
	},
	{
		name:     "can be opened concurrently",
		database: databaseCanBeOpenedConcurrently,
	},
}

func databaseKeepsAllChanges(t *testing.T, open Opener) {
	first := open(t)
	n, leased, final := newSagaIn(saga.StateRunning), newSaga(), newSagaIn(saga.StateFailed)
	create(t, first, n, leased, final)
	a := next(n.ID, 1, 2, 3)
	a.State = saga.StateUnwinding
	require.NoError(t, first.Append(t.Context(), a))
	require.Len(t, claim(t, first, store.Claim{Owner: bob, Lease: time.Hour}), 1)
	require.NoError(t, first.Renew(t.Context(), bob, 0))
	require.NoError(t, first.Delete(t.Context(), final.ID))
	notifyOwner(t, first, leased)

	second := open(t)
	requireSameRecord(t, load(t, first, n.ID), load(t, second, n.ID))
	requireEvents(t, second, n.ID, slices.Concat(n.Events, a.Events))
	assert.Equal(t, sagaIDs(n, leased), list(t, second, saga.Query{}))
	assert.Equal(t, sagaIDs(leased), list(t, second, saga.Query{Owner: alice, Notified: true}))
	require.NoError(t, second.Append(t.Context(), next(n.ID, 2, 5, 1)))
	assert.EqualValues(t, 6, load(t, first, n.ID).NextSeq)
	claimed := claim(t, second, store.Claim{Owner: alice})
	assert.Equal(t, sagaIDs(n), recordIDs(claimed), "bob has ended his lease")
}

func databaseCanBeOpenedConcurrently(t *testing.T, open Opener) {
	stores := make([]store.Store, 4)
	parallel(len(stores), func(i int) { stores[i] = open(t) })
	require.NotContains(t, stores, nil, "all calls return a store")
	n := newSaga()
	create(t, stores[0], n)
	for _, s := range stores {
		requireEvents(t, s, n.ID, n.Events)
	}
}
