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

var claimPromises = []promise{{
	name: "takes what isn't final, is another's, and has no lease",
	quotes: []string{
		"Claim makes the claimant the owner of sagas that are in the claim's queue, not final, not the claimant's already, and whose lease has ended, as has that of a saga without an owner; the oldest by ID first, at most Limit.",
		"With zero or less they may at once, if the owner hasn't renewed its leases.",
	},
	check: func(t *testing.T, s store.Store) {
		var open []saga.ID
		for state := saga.StateCreated; state <= saga.StateAbandoned; state++ {
			n := newIn(state)
			create(t, s, n)
			if !state.Final() {
				open = append(open, n.ID)
			}
		}
		leased, mine, negative := newSaga(), newIn(saga.StateRunning), newIn(saga.StateRunning)
		mine.Owner, negative.Lease = bob, -time.Hour
		create(t, s, leased, mine, negative)
		assert.ElementsMatch(t, append(open, negative.ID), recordIDs(claim(t, s, store.Claim{Owner: bob, Lease: time.Hour})))
		assert.Empty(t, claim(t, s, store.Claim{Owner: bob}), "again")
		assert.Equal(t, sagaIDs(mine), recordIDs(claim(t, s, store.Claim{Owner: "carol"})), "for a third, bob's leases hold")
		assert.Equal(t, alice, load(t, s, leased.ID).Owner)
	},
}, {
	name: "returns the new records with DAGs",
	quotes: []string{
		"Their generations grow by one, and they are not called any more.",
		"It returns their new records, with DAGs and parameters.",
		"Ownership is the record's generation, a number that grows with every Claim and every Release; an Append with an older generation fails, so that an owner who has lost a saga without noticing can't write to it.",
		"A saga is owned by one coordinator at a time, or by nobody.",
	},
	check: func(t *testing.T, s store.Store) {
		n := newIn(saga.StateUnwinding)
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
	},
}, {
	name: "takes the oldest first, at most limit",
	check: func(t *testing.T, s store.Store) {
		sagas := manySagas()
		for i := range sagas {
			// The order of states, owners and leases' ends is not that of IDs.
			sagas[i].State, sagas[i].Queue = saga.State(4-i%4), "work"
			sagas[i].Owner, sagas[i].Lease = [...]string{"carol", "", alice}[i%3], time.Duration(i%2) // a nanosecond is over soon
		}
		create(t, s, sagas[3], sagas[0], sagas[4], sagas[2], sagas[1], sagas[5], sagas[6], sagas[7])
		for _, size := range []int{1, 3, 2} {
			assert.Equal(t, sagaIDs(sagas[:size]...), recordIDs(claim(t, s, store.Claim{Owner: bob, Queue: "work", Lease: time.Hour, Limit: size})))
			sagas = sagas[size:]
		}
		assert.Equal(t, sagaIDs(sagas...), recordIDs(claim(t, s, store.Claim{Owner: bob, Queue: "work", Limit: -1})))
		assert.Equal(t, sagaIDs(sagas...), recordIDs(claim(t, s, store.Claim{Owner: alice, Queue: "work", Limit: math.MaxInt})))
	},
}, {
	name:   "takes no more than so many bytes",
	quotes: []string{"Bytes, if positive, ends the claim with the saga whose DAG and parameters bring those of all to as many bytes."},
	check: func(t *testing.T, s store.Store) {
		const large, some = 10_000, 5_000 // a codec may add to the small ones
		for _, owner := range []string{"", alice} {
			for _, byID := range []bool{false, true} {
				sagas := make([]store.NewSaga, 8)
				for i := range sagas {
					sagas[i] = newIn(saga.StateRunning)
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
	},
}, {
	name:   "takes none but the IDs that are given",
	quotes: []string{"IDs, if not empty, are the only ones that are claimed."},
	check: func(t *testing.T, s store.Store) {
		a, b, c, leased, final := newIn(saga.StateRunning), newIn(saga.StateStuck), newIn(saga.StateCreated), newSaga(), newIn(saga.StateFailed)
		create(t, s, a, b, c, leased, final)
		ids := append(sagaIDs(final, leased, c, a, a), saga.NewID())
		assert.Equal(t, sagaIDs(a), recordIDs(claim(t, s, store.Claim{Owner: bob, IDs: ids, Limit: 1})))
		assert.Equal(t, sagaIDs(c), recordIDs(claim(t, s, store.Claim{Owner: bob, IDs: ids})))
		assert.Empty(t, claim(t, s, store.Claim{Owner: bob, IDs: ids}))
		assert.Equal(t, sagaIDs(b), recordIDs(claim(t, s, store.Claim{Owner: bob, IDs: []saga.ID{}})), "an empty slice is no restriction")
	},
}, {
	name:   "passes over what is left out",
	quotes: []string{"Except are sagas that are not claimed, whatever IDs has."},
	check: func(t *testing.T, s store.Store) {
		for _, owner := range []string{"", alice} {
			for _, c := range []store.Claim{{}, {Unowned: true}, {IDs: []saga.ID{}}} {
				if owner != "" && c.Unowned {
					continue
				}
				sagas := make([]store.NewSaga, 8)
				for i := range sagas {
					sagas[i] = newIn(saga.StateRunning)
					sagas[i].Owner = owner
				}
				create(t, s, sagas...)
				c.Owner, c.Lease = bob, time.Hour
				if c.IDs != nil {
					c.IDs = sagaIDs(sagas...)
				}
				c.Except = append(sagaIDs(sagas[0], sagas[1], sagas[3]), saga.NewID())
				c.Limit = 2
				assert.Equal(t, sagaIDs(sagas[2], sagas[4]), recordIDs(claim(t, s, c)), "the oldest of the others")
				c.Limit = 0
				assert.Equal(t, sagaIDs(sagas[5:]...), recordIDs(claim(t, s, c)))
				assert.Empty(t, claim(t, s, c))
				assert.Equal(t, owner, load(t, s, sagas[0].ID).Owner)
				c.Except = []saga.ID{}
				assert.Equal(t, sagaIDs(sagas[0], sagas[1], sagas[3]), recordIDs(claim(t, s, c)), "an empty slice leaves nothing out")
			}
		}
	},
}, {
	name: "leaves out more than it may claim",
	check: func(t *testing.T, s store.Store) {
		var except []saga.ID
		for i := range 40 {
			n := nobodys("")
			if i%2 == 0 {
				n = newIn(saga.StateRunning)
			}
			create(t, s, n)
			except = append(except, n.ID)
		}
		owned, free := newIn(saga.StateRunning), nobodys("")
		create(t, s, owned, free)
		for range 960 { // as many as a coordinator gives
			except = append(except, saga.NewID())
		}
		assert.Equal(t, sagaIDs(owned), recordIDs(claim(t, s, store.Claim{Owner: bob, Lease: time.Hour, Limit: 1, Except: except})))
		assert.Equal(t, sagaIDs(free), recordIDs(claim(t, s, store.Claim{Owner: bob, Lease: time.Hour, Limit: 1, Except: except})))
		assert.Empty(t, claim(t, s, store.Claim{Owner: bob, Limit: 1, Except: except}))
	},
}, {
	name: "waits for the end of a lease",
	quotes: []string{
		"A lease says for how long others must not claim, by the clock of the database.",
		"Lease is how long others must not claim it.",
	},
	check: func(t *testing.T, s store.Store) {
		const lease = 100 * time.Millisecond
		n := newSaga()
		n.Lease = lease
		began := time.Now()
		create(t, s, n)
		requireClaimedAfter(t, s, bob, n.ID, began, lease)
	},
}, {
	name: "gives a lease itself",
	check: func(t *testing.T, s store.Store) {
		const lease = 100 * time.Millisecond
		n := newIn(saga.StateRunning)
		create(t, s, n)
		began := time.Now()
		require.Len(t, claim(t, s, store.Claim{Owner: bob, Lease: lease}), 1)
		requireClaimedAfter(t, s, alice, n.ID, began, lease)
	},
}}

var renewPromises = []promise{{
	name: "prolongs the leases of the owner's open sagas, or ends them",
	quotes: []string{
		"With zero or less they may at once, if the owner hasn't renewed its leases.",
		"Renew prolongs the leases of all sagas of an owner that are not final: none ends sooner than after that time from now.",
		"With zero or less they end at once.",
	},
	check: func(t *testing.T, s store.Store) {
		a, b, other := newIn(saga.StateRunning), newIn(saga.StateStuck), newIn(saga.StateCreated)
		other.Owner = "carol"
		create(t, s, a, b, other)
		requireUnchanged(t, s, a.ID, func() {
			require.NoError(t, s.Renew(t.Context(), alice, time.Hour))
		})
		late := newIn(saga.StateRunning)
		late.Queue, late.Lease = "late", 0
		create(t, s, late)
		assert.Empty(t, claim(t, s, store.Claim{Owner: bob, Queue: "late"}), "the owner has renewed")
		assert.Equal(t, sagaIDs(other), recordIDs(claim(t, s, store.Claim{Owner: bob})), "only carol's is free")

		require.NoError(t, s.Renew(t.Context(), alice, 0))
		assert.Equal(t, sagaIDs(a), recordIDs(claim(t, s, store.Claim{Owner: bob, Limit: 1})), "it can end leases, too")
		assert.Equal(t, sagaIDs(late), recordIDs(claim(t, s, store.Claim{Owner: bob, Queue: "late"})))
		require.NoError(t, s.Renew(t.Context(), alice, time.Hour))
		require.NoError(t, s.Renew(t.Context(), alice, -time.Hour))
		assert.Equal(t, sagaIDs(b), recordIDs(claim(t, s, store.Claim{Owner: bob})))

		const lease = 100 * time.Millisecond
		began := time.Now()
		require.NoError(t, s.Renew(t.Context(), bob, lease))
		requireClaimedAfter(t, s, alice, a.ID, began, lease)
	},
}, {
	name: "of an owner without sagas does nothing",
	check: func(t *testing.T, s store.Store) {
		n := newSaga()
		create(t, s, n)
		requireUnchanged(t, s, n.ID, func() {
			require.NoError(t, s.Renew(t.Context(), "nobody", 0))
		})
		assert.Empty(t, claim(t, s, store.Claim{Owner: bob}))
	},
}}

// requireClaimedAfter claims the saga until it succeeds, which it must not before the lease is over.
func requireClaimedAfter(t *testing.T, s store.Store, owner string, id saga.ID, began time.Time, lease time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool {
		records, err := s.Claim(t.Context(), store.Claim{Owner: owner, IDs: []saga.ID{id}})
		return assert.NoError(t, err) && len(records) == 1
	}, 30*time.Second, 2*time.Millisecond)
	// The clock of the database may count coarser than ours.
	assert.GreaterOrEqual(t, time.Since(began), lease-10*time.Millisecond, "the saga was claimed before its lease was over")
}
