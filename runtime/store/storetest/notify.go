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

var notifyPromises = []promise{
	{
		name:  "marks the saga until the owner appends",
		check: notifyMarksSagaUntilOwnerAppends,
		quotes: []string{
			"A client that isn't the owner may also append, with the current generation, and notify the owner.",
			"Notify is set by a client that isn't the owner, to notify the owner. An append without it clears the " +
				"notification.",
			"Notified reports whether a client has appended with Notify, and the owner has not appended since.",
		},
	},
	{
		name:  "is found with List, or by the owner's next append",
		check: notifyIsFoundByOwner,
		quotes: []string{
			"The owner finds the sagas for which it was notified with List.",
			"It also notices at its next Append, which returns ErrSequence if the client has appended events.",
		},
	},
	{
		name:  "has no effect in an append that returns an error",
		check: notifyHasNoEffectInFailedAppend,
	},
	{
		name:  "is cleared by a claim",
		check: notifyIsClearedByClaim,
	},
}

func notifyMarksSagaUntilOwnerAppends(t *testing.T, s store.Store) {
	n, other := newSaga(), newSaga()
	create(t, s, n, other)
	assert.False(t, load(t, s, n.ID).Notified)
	command := next(n.ID, 1, 2, 1)
	command.State, command.Notify = saga.StateUnwinding, true
	require.NoError(t, s.Append(t.Context(), command))
	requireEvents(t, s, n.ID, slices.Concat(n.Events, command.Events))
	notified := load(t, s, n.ID)
	assert.True(t, notified.Notified)
	assert.Equal(t, alice, notified.Owner, "the owner is unchanged")
	assert.EqualValues(t, 1, notified.Generation)
	assert.Equal(t, saga.StateUnwinding, notified.State)
	assert.False(t, load(t, s, other.ID).Notified)
	assert.Equal(t, sagaIDs(n), list(t, s, saga.Query{Owner: alice, Notified: true}))

	again := next(n.ID, 1, 3, 2)
	again.State, again.Notify = saga.StateUnwinding, true
	require.NoError(t, s.Append(t.Context(), again))
	require.NoError(t, s.Renew(t.Context(), alice, time.Hour))
	assert.True(t, load(t, s, n.ID).Notified, "notified again, and leases renewed")

	answer := next(n.ID, 1, 5, 0)
	answer.State = saga.StateUnwinding
	require.NoError(t, s.Append(t.Context(), answer))
	assert.False(t, load(t, s, n.ID).Notified, "an append without events, in the same state")
	assert.Empty(t, list(t, s, saga.Query{Owner: alice, Notified: true}))
	answer.Notify = true
	require.NoError(t, s.Append(t.Context(), answer))
	assert.True(t, load(t, s, n.ID).Notified, "an append without events, in the same state")
}

func notifyIsFoundByOwner(t *testing.T, s store.Store) {
	running, final, bobs, other := newSaga(), newSaga(), newSaga(), newSaga()
	bobs.Owner = bob
	create(t, s, running, final, bobs, other)
	notifyOwner(t, s, running)
	notifyOwner(t, s, bobs)
	end := next(final.ID, 1, 2, 1)
	end.State, end.Notify = saga.StateAbandoned, true
	require.NoError(t, s.Append(t.Context(), end))

	records, err := s.List(t.Context(), saga.Query{Owner: alice, Notified: true})
	require.NoError(t, err)
	require.Equal(t, sagaIDs(running, final), recordIDs(records), "including the final saga")
	for _, r := range records {
		want := load(t, s, r.ID)
		want.DAG, want.Params = nil, nil
		requireSameRecord(t, want, r)
	}
	assert.Equal(t, sagaIDs(final), list(t, s, saga.Query{Owner: alice, Notified: true, After: running.ID}))
	assert.Equal(t, sagaIDs(running, final, bobs), list(t, s, saga.Query{Notified: true}))
	requireUnchanged(t, s, running.ID, func() {
		require.ErrorIs(t, s.Append(t.Context(), next(running.ID, 1, 2, 1)), store.ErrSequence)
	})
	require.NoError(t, s.Delete(t.Context(), final.ID))
	assert.Equal(t, sagaIDs(running), list(t, s, saga.Query{Owner: alice, Notified: true}))
}

func notifyHasNoEffectInFailedAppend(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	requireUnchanged(t, s, n.ID, func() {
		for want, a := range map[error]store.Append{
			store.ErrSequence: next(n.ID, 1, 3, 1),
			store.ErrFenced:   next(n.ID, 2, 2, 1),
			store.ErrNotFound: next(saga.NewID(), 1, 2, 1),
		} {
			a.Notify = true
			require.ErrorIs(t, s.Append(t.Context(), a), want)
		}
	})
	notifyOwner(t, s, n)
	requireUnchanged(t, s, n.ID, func() {
		// The owner's append fails, too, and doesn't clear the notification.
		require.ErrorIs(t, s.Append(t.Context(), next(n.ID, 1, 2, 1)), store.ErrSequence)
	})
}

func notifyIsClearedByClaim(t *testing.T, s store.Store) {
	owned, free := newSagaIn(saga.StateRunning), unowned("")
	create(t, s, owned, free)
	notifyOwner(t, s, owned)
	notifyOwner(t, s, free)
	assert.Equal(t, sagaIDs(owned, free), list(t, s, saga.Query{Notified: true}))
	for _, r := range claim(t, s, store.Claim{Owner: bob, Limit: 1}) {
		assert.Equal(t, owned.ID, r.ID)
		assert.False(t, r.Notified)
	}
	assert.Equal(t, sagaIDs(free), list(t, s, saga.Query{Notified: true}))
	require.Len(t, claim(t, s, store.Claim{Owner: bob}), 1)
	assert.Empty(t, list(t, s, saga.Query{Notified: true}))
	require.NoError(t, s.Append(t.Context(), next(owned.ID, 2, 3, 1)))
}
