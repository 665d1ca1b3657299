package sqlite_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

func TestRenewWritesOneRowHoweverManySagas(t *testing.T) {
	h := openHeld(t)
	for range 300 {
		require.NoError(t, h.Create(t.Context(), newSaga()))
	}
	changes := func() (n int) {
		require.NoError(t, h.db.QueryRow("SELECT total_changes()").Scan(&n))
		return n
	}
	for _, lease := range []time.Duration{2 * time.Hour, 2 * time.Hour, 3 * time.Hour} {
		before := changes()
		require.NoError(t, h.Renew(t.Context(), "alice", lease))
		assert.Equal(t, 1, changes()-before)
	}
}

func TestExpiredLeasesAreNotWrittenAgain(t *testing.T) {
	h := openHeld(t)
	const valid = 3
	for i := range 300 {
		n := newSaga()
		if i >= valid {
			n.Lease = time.Microsecond
		}
		require.NoError(t, h.Create(t.Context(), n))
	}
	require.NoError(t, h.Renew(t.Context(), "alice", time.Hour))
	var before, after int
	require.NoError(t, h.db.QueryRow("SELECT total_changes()").Scan(&before))
	require.NoError(t, h.Renew(t.Context(), "alice", 0))
	require.NoError(t, h.db.QueryRow("SELECT total_changes()").Scan(&after))
	assert.Equal(t, 1+valid, after-before, "the owner's row, and the valid leases")
}

func TestLeaseEndsWithTheLaterOfItsOwnAndTheOwners(t *testing.T) {
	h := openHeld(t)
	create := func(owner string, lease time.Duration) saga.ID {
		n := newSaga()
		n.Owner, n.Lease = owner, lease
		require.NoError(t, h.Create(t.Context(), n))
		return n.ID
	}
	claim := func(c store.Claim) (ids []saga.ID) {
		c.Owner, c.Lease = "bob", time.Hour
		records, err := h.Claim(t.Context(), c)
		require.NoError(t, err)
		for _, r := range records {
			ids = append(ids, r.ID)
		}
		return ids
	}
	create("alice", 0)
	create("alice", time.Hour)
	require.NoError(t, h.Renew(t.Context(), "alice", time.Hour))
	create("alice", 0)
	gone := []saga.ID{create("carol", time.Hour), create("carol", 0)}
	require.NoError(t, h.Renew(t.Context(), "carol", time.Hour))
	gone = append(gone, create("carol", time.Hour))
	require.NoError(t, h.Renew(t.Context(), "carol", 0))
	gone = append(gone, create("carol", 0))
	young := create("carol", time.Hour)

	all := append(slices.Clone(gone), young)
	assert.Equal(t, gone[:2], claim(store.Claim{IDs: all, Limit: 2}), "the claim names IDs")
	assert.Equal(t, gone[2:3], claim(store.Claim{Limit: 1}), "the oldest first")
	assert.Equal(t, gone[3:], claim(store.Claim{}), "the rest")
	assert.Empty(t, claim(store.Claim{}))

	// The claimant's lease applies to the sagas that it has claimed.
	require.NoError(t, h.Renew(t.Context(), "bob", 0))
	records, err := h.Claim(t.Context(), store.Claim{Owner: "dave", Lease: time.Hour})
	require.NoError(t, err)
	assert.Len(t, records, len(gone))
}

// If the clock was ahead, leases are too long only until the next renewal.
func TestRenewalShortensLeasesThatEndLater(t *testing.T) {
	h := openHeld(t)
	n := newSaga() // with a lease of an hour
	require.NoError(t, h.Create(t.Context(), n))
	require.NoError(t, h.Renew(t.Context(), "alice", time.Hour))
	require.NoError(t, h.Renew(t.Context(), "alice", time.Millisecond))
	require.Eventually(t, func() bool {
		records, err := h.Claim(t.Context(), store.Claim{Owner: "bob"})
		return assert.NoError(t, err) && len(records) == 1
	}, 30*time.Second, time.Millisecond)
}

func TestClaimTakesTheOldestSagasOfAllOwners(t *testing.T) {
	h := openHeld(t)
	var want []saga.ID
	for i := range 60 {
		owner := []string{"alice", "", "carol"}[i%3]
		n := newSaga()
		n.Owner, n.Lease = owner, time.Hour
		require.NoError(t, h.Create(t.Context(), n))
		want = append(want, n.ID)
		if i%7 == 0 {
			require.NoError(t, h.Renew(t.Context(), []string{"alice", "carol"}[i%2], time.Hour))
		}
	}
	require.NoError(t, h.Renew(t.Context(), "alice", 0))
	require.NoError(t, h.Renew(t.Context(), "carol", 0))
	for len(want) > 0 {
		records, err := h.Claim(t.Context(), store.Claim{Owner: "bob", Lease: time.Hour, Limit: 7})
		require.NoError(t, err)
		require.Len(t, records, min(7, len(want)))
		for i, r := range records {
			assert.Equal(t, want[i], r.ID)
		}
		want = want[len(records):]
	}
}

func TestUnownedClaimTakesNoOwnedSagas(t *testing.T) {
	h := openHeld(t)
	owned, unowned, other := newSaga(), newSaga(), newSaga()
	owned.Lease, unowned.Owner, other.Owner = 0, "", ""
	for _, n := range []store.NewSaga{owned, unowned, other} {
		require.NoError(t, h.Create(t.Context(), n))
	}
	for _, c := range []store.Claim{
		{Owner: "bob", Unowned: true, IDs: []saga.ID{owned.ID, unowned.ID}},
		{Owner: "bob", Unowned: true},
	} {
		records, err := h.Claim(t.Context(), c)
		require.NoError(t, err)
		require.Len(t, records, 1)
		assert.NotEqual(t, owned.ID, records[0].ID)
		records, err = h.Claim(t.Context(), c)
		require.NoError(t, err)
		assert.Empty(t, records)
	}
	records, err := h.Claim(t.Context(), store.Claim{Owner: "carol", IDs: []saga.ID{owned.ID}})
	require.NoError(t, err)
	assert.Len(t, records, 1)
}

func TestOpenDeletesExpiredLeases(t *testing.T) {
	h := openHeld(t)
	n := newSaga()
	require.NoError(t, h.Create(t.Context(), n))
	for owner, lease := range map[string]time.Duration{"alice": time.Hour, "gone": 0, "expired": time.Microsecond} {
		require.NoError(t, h.Renew(t.Context(), owner, lease))
	}
	openStore(t, h.db)
	var owners string
	require.NoError(t, h.db.QueryRow("SELECT group_concat(owner) FROM saga_lease").Scan(&owners))
	assert.Equal(t, "alice", owners)
}
