package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var queuePromises = []promise{{
	name: "limits a claim to the sagas in it",
	quotes: []string{
		"Queue is the queue from which coordinators claim the saga. The empty name is a queue like any other.",
		"Queue is the queue from which sagas are claimed.",
	},
	check: func(t *testing.T, s store.Store) {
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
	},
}, {
	name: "holds unowned sagas, which can be claimed at once",
	quotes: []string{
		"Owner is the coordinator that owns the saga. If it is empty, the saga is unowned.",
		"An unowned saga has no lease.",
		"Owner is the coordinator that owns the saga. It is empty if the saga is unowned.",
	},
	check: func(t *testing.T, s store.Store) {
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
	},
}, {
	name:   "can be claimed without taking sagas from their owners",
	quotes: []string{"Unowned restricts the claim to unowned sagas."},
	check: func(t *testing.T, s store.Store) {
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
	},
}, {
	name: "gives each unowned saga to one of several claimants",
	check: func(t *testing.T, s store.Store) {
		raceUnownedClaims(t, s, s)
	},
}}

// raceUnownedClaims lets several claimants claim the unowned sagas of two
// queues in parallel, through stores a and b of one database.
func raceUnownedClaims(t *testing.T, a, b store.Store) {
	const claimants, each = 6, 30
	want := map[string][]saga.ID{}
	var mu sync.Mutex
	got := map[string][]saga.ID{}
	for i := range 2 * each {
		n := unowned([...]string{"", "q"}[i%2])
		create(t, a, n)
		want[n.Queue] = append(want[n.Queue], n.ID)
	}
	claimAll := func(s store.Store, owner, queue string) {
		for {
			records, err := s.Claim(t.Context(), store.Claim{Owner: owner, Queue: queue, Lease: time.Hour, Limit: 4})
			if !assert.NoError(t, err) || len(records) == 0 {
				return
			}
			mu.Lock()
			got[queue] = append(got[queue], recordIDs(records)...)
			mu.Unlock()
		}
	}
	parallel(claimants, func(i int) {
		claimAll([]store.Store{a, b}[i%2], string(rune('a'+i)), [...]string{"", "q"}[i/2%2])
	})
	for queue := range want {
		// A claimant may have skipped sagas that another had locked.
		claimAll(b, "last", queue)
		assert.ElementsMatch(t, want[queue], got[queue], "in queue %q", queue)
	}
}
