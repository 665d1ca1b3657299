package storetest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var claimPromises = []promise{
	{
		name:  "takes unfinished sagas of others whose leases have expired",
		check: claimTakesSagasWithExpiredLeases,
		quotes: []string{
			"Claim makes the claimant the owner of sagas that are in the given queue, are not final, are not already " +
				"its own, and are unowned or have an expired lease.",
			"If it is zero or negative, they can claim it at once, unless the owner has renewed its leases.",
		},
	},
	{
		name:  "increments the generation and returns the updated records",
		check: claimReturnsUpdatedRecords,
		quotes: []string{
			"It increments their generations and clears their notifications.",
			"It returns the updated records, with DAGs and parameters.",
			"At any time, a saga is owned by one coordinator or is unowned.",
			"Each record has a generation, which is a fencing token: every Claim and every Release increments it.",
			"An Append with an older generation fails, so a former owner can't write to the saga, even if it hasn't " +
				"noticed that it lost the saga.",
		},
	},
	{
		name:   "takes the lowest IDs first, at most Limit",
		check:  claimTakesLowestIDsFirst,
		quotes: []string{"It claims the sagas with the lowest IDs first, at most Limit."},
	},
	{
		name:  "stops after a number of bytes",
		check: claimStopsAtBytes,
		quotes: []string{
			"Bytes, if positive, ends the claim with the saga at which the DAGs and parameters of all claimed sagas " +
				"reach that number of bytes.",
		},
	},
	{
		name:   "is restricted to IDs",
		check:  claimIsRestrictedToIDs,
		quotes: []string{"IDs, if not empty, restricts the claim to these sagas."},
	},
	{
		name:   "skips the sagas in Except",
		check:  claimSkipsSagasInExcept,
		quotes: []string{"Except are sagas that are not claimed, even if they are in IDs."},
	},
	{
		name:  "accepts an Except list that is longer than Limit",
		check: claimAcceptsLongExceptList,
	},
	{
		name:  "can't take a saga before its lease expires",
		check: claimRespectsLeases,
		quotes: []string{
			"A lease protects a saga from being claimed by others until the lease expires, by the clock of the " +
				"database.",
			"Lease is the time from now during which others can't claim the saga.",
		},
	},
	{
		name:   "starts a new lease",
		check:  claimStartsNewLease,
		quotes: []string{"Lease is the time from now during which others can't claim these sagas."},
	},
}

func claimTakesSagasWithExpiredLeases(t *testing.T, s store.Store) {
	var unfinished []saga.ID
	for state := saga.StateCreated; state <= saga.StateAbandoned; state++ {
		n := newSagaIn(state)
		create(t, s, n)
		if !state.Final() {
			unfinished = append(unfinished, n.ID)
		}
	}
	leased, mine, negative := newSaga(), newSagaIn(saga.StateRunning), newSagaIn(saga.StateRunning)
	mine.Owner, negative.Lease = bob, -time.Hour
	create(t, s, leased, mine, negative)
	claimed := claim(t, s, store.Claim{Owner: bob, Lease: time.Hour})
	assert.ElementsMatch(t, append(unfinished, negative.ID), recordIDs(claimed))
	assert.Empty(t, claim(t, s, store.Claim{Owner: bob}), "they are bob's already")
	claimed = claim(t, s, store.Claim{Owner: "carol"})
	assert.Equal(t, sagaIDs(mine), recordIDs(claimed), "the leases of bob's claim protect the others")
	assert.Equal(t, alice, load(t, s, leased.ID).Owner)
}

func claimReturnsUpdatedRecords(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateUnwinding)
	create(t, s, n)
	want := load(t, s, n.ID)
	for i, owner := range []string{bob, alice, bob} {
		want.Owner, want.Generation = owner, uint64(i+2)
		got := claim(t, s, store.Claim{Owner: owner})
		require.Len(t, got, 1)
		requireSameRecord(t, want, got[0])
		requireSameRecord(t, want, load(t, s, n.ID))
		require.ErrorIs(t, s.Append(t.Context(), next(n.ID, uint64(i+1), 2, 1)), store.ErrFenced)
	}
	require.NoError(t, s.Append(t.Context(), next(n.ID, 4, 2, 1)))
}

func claimTakesLowestIDsFirst(t *testing.T, s store.Store) {
	sagas := manySagas()
	for i := range sagas {
		// The order by state, owner or lease differs from that of the IDs.
		sagas[i].State, sagas[i].Queue = saga.State(4-i%4), "work"
		sagas[i].Owner = [...]string{"carol", "", alice}[i%3]
		sagas[i].Lease = time.Duration(i % 2) // a nanosecond is over soon
	}
	create(t, s, sagas[3], sagas[0], sagas[4], sagas[2], sagas[1], sagas[5], sagas[6], sagas[7])
	for _, size := range []int{1, 3, 2} {
		claimed := claim(t, s, store.Claim{Owner: bob, Queue: "work", Lease: time.Hour, Limit: size})
		assert.Equal(t, sagaIDs(sagas[:size]...), recordIDs(claimed))
		sagas = sagas[size:]
	}
	claimed := claim(t, s, store.Claim{Owner: bob, Queue: "work", Limit: -1})
	assert.Equal(t, sagaIDs(sagas...), recordIDs(claimed))
	claimed = claim(t, s, store.Claim{Owner: alice, Queue: "work", Limit: math.MaxInt})
	assert.Equal(t, sagaIDs(sagas...), recordIDs(claimed))
}

func claimStopsAtBytes(t *testing.T, s store.Store) {
	const large, some = 10_000, 5_000 // a codec may make the small ones larger
	for _, owner := range []string{"", alice} {
		for _, byID := range []bool{false, true} {
			sagas := make([]store.NewSaga, 8)
			for i := range sagas {
				sagas[i] = newSagaIn(saga.StateRunning)
				sagas[i].Owner = owner
			}
			sagas[2].Params = []byte(`"` + strings.Repeat("x", large) + `"`)
			sagas[4].DAG = []byte(`"` + strings.Repeat("x", large) + `"`)
			create(t, s, sagas...)
			c := store.Claim{Owner: bob, Lease: time.Hour}
			if byID {
				c.IDs = sagaIDs(sagas...)
			}
			for _, want := range []struct{ bytes, sagas int }{{some, 3}, {1, 1}, {some, 1}, {0, 3}} {
				c.Bytes = want.bytes
				assert.Equal(t, sagaIDs(sagas[:want.sagas]...), recordIDs(claim(t, s, c)), "%d bytes", want.bytes)
				sagas = sagas[want.sagas:]
			}
		}
	}
}

func claimIsRestrictedToIDs(t *testing.T, s store.Store) {
	a, b, c := newSagaIn(saga.StateRunning), newSagaIn(saga.StateStuck), newSagaIn(saga.StateCreated)
	leased, final := newSaga(), newSagaIn(saga.StateFailed)
	create(t, s, a, b, c, leased, final)
	ids := append(sagaIDs(final, leased, c, a, a), saga.NewID())
	assert.Equal(t, sagaIDs(a), recordIDs(claim(t, s, store.Claim{Owner: bob, IDs: ids, Limit: 1})))
	assert.Equal(t, sagaIDs(c), recordIDs(claim(t, s, store.Claim{Owner: bob, IDs: ids})))
	assert.Empty(t, claim(t, s, store.Claim{Owner: bob, IDs: ids}))
	claimed := claim(t, s, store.Claim{Owner: bob, IDs: []saga.ID{}})
	assert.Equal(t, sagaIDs(b), recordIDs(claimed), "an empty slice is no restriction")
}

func claimSkipsSagasInExcept(t *testing.T, s store.Store) {
	for _, owner := range []string{"", alice} {
		for _, c := range []store.Claim{{}, {Unowned: true}, {IDs: []saga.ID{}}} {
			if owner != "" && c.Unowned {
				continue
			}
			sagas := make([]store.NewSaga, 8)
			for i := range sagas {
				sagas[i] = newSagaIn(saga.StateRunning)
				sagas[i].Owner = owner
			}
			create(t, s, sagas...)
			c.Owner, c.Lease = bob, time.Hour
			if c.IDs != nil {
				c.IDs = sagaIDs(sagas...)
			}
			c.Except = append(sagaIDs(sagas[0], sagas[1], sagas[3]), saga.NewID())
			c.Limit = 2
			assert.Equal(t, sagaIDs(sagas[2], sagas[4]), recordIDs(claim(t, s, c)), "the lowest IDs of the others")
			c.Limit = 0
			assert.Equal(t, sagaIDs(sagas[5:]...), recordIDs(claim(t, s, c)))
			assert.Empty(t, claim(t, s, c))
			assert.Equal(t, owner, load(t, s, sagas[0].ID).Owner)
			c.Except = []saga.ID{}
			assert.Equal(t, sagaIDs(sagas[0], sagas[1], sagas[3]), recordIDs(claim(t, s, c)),
				"an empty slice is no restriction")
		}
	}
}

func claimAcceptsLongExceptList(t *testing.T, s store.Store) {
	var except []saga.ID
	for i := range 40 {
		n := unowned("")
		if i%2 == 0 {
			n = newSagaIn(saga.StateRunning)
		}
		create(t, s, n)
		except = append(except, n.ID)
	}
	owned, free := newSagaIn(saga.StateRunning), unowned("")
	create(t, s, owned, free)
	for range 960 { // a coordinator passes up to 1,000
		except = append(except, saga.NewID())
	}
	c := store.Claim{Owner: bob, Lease: time.Hour, Limit: 1, Except: except}
	assert.Equal(t, sagaIDs(owned), recordIDs(claim(t, s, c)))
	assert.Equal(t, sagaIDs(free), recordIDs(claim(t, s, c)))
	assert.Empty(t, claim(t, s, c))
}

func claimRespectsLeases(t *testing.T, s store.Store) {
	const lease = 100 * time.Millisecond
	n := newSaga()
	n.Lease = lease
	began := time.Now()
	create(t, s, n)
	requireClaimedAfter(t, s, bob, n.ID, began, lease)
}

func claimStartsNewLease(t *testing.T, s store.Store) {
	const lease = 100 * time.Millisecond
	n := newSagaIn(saga.StateRunning)
	create(t, s, n)
	began := time.Now()
	require.Len(t, claim(t, s, store.Claim{Owner: bob, Lease: lease}), 1)
	requireClaimedAfter(t, s, alice, n.ID, began, lease)
}

var renewPromises = []promise{
	{
		name:  "extends or ends the leases of the owner's unfinished sagas",
		check: renewExtendsOrEndsLeases,
		quotes: []string{
			"If it is zero or negative, they can claim it at once, unless the owner has renewed its leases.",
			"Renew extends the leases of all of an owner's sagas that are not final: none of them expires sooner than " +
				"the given time from now.",
			"If that time is zero or negative, the leases expire immediately.",
		},
	},
	{
		name:  "does nothing for an owner without sagas",
		check: renewDoesNothingForOwnerWithoutSagas,
	},
}

func renewExtendsOrEndsLeases(t *testing.T, s store.Store) {
	a, b, other := newSagaIn(saga.StateRunning), newSagaIn(saga.StateStuck), newSagaIn(saga.StateCreated)
	other.Owner = "carol"
	create(t, s, a, b, other)
	requireUnchanged(t, s, a.ID, func() {
		require.NoError(t, s.Renew(t.Context(), alice, time.Hour))
	})
	late := newSagaIn(saga.StateRunning)
	late.Queue, late.Lease = "late", 0
	create(t, s, late)
	assert.Empty(t, claim(t, s, store.Claim{Owner: bob, Queue: "late"}), "the owner has renewed its leases")
	assert.Equal(t, sagaIDs(other), recordIDs(claim(t, s, store.Claim{Owner: bob})),
		"only carol's lease has expired")

	require.NoError(t, s.Renew(t.Context(), alice, 0))
	assert.Equal(t, sagaIDs(a), recordIDs(claim(t, s, store.Claim{Owner: bob, Limit: 1})),
		"alice has ended her leases")
	assert.Equal(t, sagaIDs(late), recordIDs(claim(t, s, store.Claim{Owner: bob, Queue: "late"})))
	require.NoError(t, s.Renew(t.Context(), alice, time.Hour))
	require.NoError(t, s.Renew(t.Context(), alice, -time.Hour))
	assert.Equal(t, sagaIDs(b), recordIDs(claim(t, s, store.Claim{Owner: bob})))

	const lease = 100 * time.Millisecond
	began := time.Now()
	require.NoError(t, s.Renew(t.Context(), bob, lease))
	requireClaimedAfter(t, s, alice, a.ID, began, lease)
}

func renewDoesNothingForOwnerWithoutSagas(t *testing.T, s store.Store) {
	n := newSaga()
	create(t, s, n)
	requireUnchanged(t, s, n.ID, func() {
		require.NoError(t, s.Renew(t.Context(), "carol", 0))
	})
	assert.Empty(t, claim(t, s, store.Claim{Owner: bob}))
}

// requireClaimedAfter repeats a claim until it gets the saga. It requires that
// the lease, which began at the given time, has expired by then.
func requireClaimedAfter(t *testing.T, s store.Store, owner string, id saga.ID, began time.Time, lease time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool {
		records, err := s.Claim(t.Context(), store.Claim{Owner: owner, IDs: []saga.ID{id}})
		return assert.NoError(t, err) && len(records) == 1
	}, 30*time.Second, 2*time.Millisecond)
	// The database's clock may have a coarser resolution than ours.
	assert.GreaterOrEqual(t, time.Since(began), lease-10*time.Millisecond,
		"the saga was claimed before its lease expired")
}
