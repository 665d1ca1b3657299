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

var loadPromises = []promise{{
	name:   "returns the record with its DAG and parameters",
	quotes: []string{"Load returns the record with its DAG and parameters, or ErrNotFound."},
	check: func(t *testing.T, s store.Store) {
		n, other := newSaga(), newSaga()
		other.DAG, other.Params, other.Name = []byte(`{"other":true}`), []byte(`{"hotel":"Savoy"}`), "other"
		create(t, s, n, other)
		got := load(t, s, n.ID)
		assert.Equal(t, n.ID, got.ID)
		assert.Equal(t, n.Name, got.Name)
		assert.Equal(t, string(n.DAG), string(got.DAG))
		assert.Equal(t, string(n.Params), string(got.Params))
		_, err := s.Load(t.Context(), saga.NewID())
		require.ErrorIs(t, err, store.ErrNotFound)
	},
}}

var eventsPromises = []promise{{
	name:   "returns them in pages",
	quotes: []string{"Events returns the events of a saga in order, from number from on, at most limit of them if limit is positive."},
	check: func(t *testing.T, s store.Store) {
		n, before, after := newSaga(), newSaga(), newSaga()
		n.Events = events(0, 300)
		create(t, s, before, n, after)
		for _, page := range []struct {
			from      uint64
			limit     int
			low, high int
		}{
			{0, 0, 0, 300}, {0, -1, 0, 300}, {0, 1, 0, 1}, {0, 300, 0, 300}, {0, 301, 0, 300},
			{7, 0, 7, 300}, {7, 256, 7, 263}, {255, 2, 255, 257}, {299, 5, 299, 300}, {0, math.MaxInt, 0, 300},
			{300, 0, 0, 0}, {301, 5, 0, 0}, {math.MaxInt64, 1, 0, 0}, {math.MaxInt64 + 1, 1, 0, 0}, {math.MaxUint64, 0, 0, 0},
		} {
			got, err := s.Events(t.Context(), n.ID, page.from, page.limit)
			require.NoError(t, err)
			requireSameEvents(t, n.Events[page.low:page.high], got)
		}
	},
}, {
	name:   "returns none of a saga that isn't there",
	quotes: []string{"It returns no events if there is no such saga."},
	check: func(t *testing.T, s store.Store) {
		create(t, s, newSaga())
		requireEvents(t, s, saga.NewID(), nil)
	},
}}

var listPromises = []promise{{
	name:   "returns all, in the order of their IDs, without DAGs and parameters",
	quotes: []string{"List returns the records that the query asks for, without DAGs and parameters, in the order of their IDs.", "The zero Query asks for all."},
	check: func(t *testing.T, s store.Store) {
		assert.Empty(t, list(t, s, store.Query{}))
		sagas := manySagas()
		create(t, s, sagas[3], sagas[0], sagas[4], sagas[2], sagas[1], sagas[5], sagas[6], sagas[7])
		records, err := s.List(t.Context(), store.Query{})
		require.NoError(t, err)
		require.Equal(t, sagaIDs(sagas...), recordIDs(records))
		for _, r := range records {
			want := load(t, s, r.ID)
			want.DAG, want.Params = nil, nil
			requireSameRecord(t, want, r)
		}
	},
}, {
	name: "returns pages that a query asks for",
	quotes: []string{
		"After leaves out the IDs up to and including this one: the last of the page before.",
		"Limit is the most records to return, if positive.",
		"Name, if not empty, is the name that they have.",
		"States, if not empty, holds the states that they are in.",
		"Queues, if not empty, holds the queues they are in.",
		"Owner, if not empty, is who owns them.",
		"Called leaves out those whose owner isn't called.",
	},
	check: func(t *testing.T, s store.Store) {
		sagas := manySagas()
		create(t, s, sagas...)
		called := map[saga.ID]bool{}
		for i, n := range sagas {
			if i%3 != 0 {
				callOwner(t, s, n)
				called[n.ID] = true
			}
		}
		queries := []store.Query{
			{}, {Name: "even"}, {Name: "odd"}, {Name: "none"}, {Name: "eve"}, {Name: "%"},
			{States: []saga.State{saga.StateStuck}},
			{States: []saga.State{saga.StateSucceeded}},
			{States: []saga.State{saga.StateFailed, saga.StateCreated}},
			{States: []saga.State{saga.StateRunning, saga.StateRunning, saga.StateSucceeded, saga.StateUnwinding}},
			{States: []saga.State{saga.StateRunning, saga.StateRunning, saga.StateFailed, saga.StateUnwinding}, Name: "odd"},
			{States: []saga.State{77}},
			{States: []saga.State{1, 2, 3, 4, 5, 6}},
			{Queues: []string{""}}, {Queues: []string{"b", "b", "none"}}, {Queues: []string{"none"}}, {Queues: []string{"a", ""}},
			{Owner: alice}, {Owner: bob, Queues: []string{"a", "b"}, Name: "odd"}, {Owner: "none"},
			{Notified: true}, {Notified: true, Owner: alice}, {Notified: true, Owner: bob, Queues: []string{"", "a"}},
			{Notified: true, Owner: alice, Name: "even"}, {Notified: true, Owner: "none"},
			{Notified: true, Owner: bob, States: []saga.State{saga.StateSucceeded, saga.StateRunning}},
			{Notified: true, States: []saga.State{saga.StateFailed, saga.StateStuck, saga.StateCreated}},
			{Owner: bob, States: []saga.State{saga.StateStuck, saga.StateRunning}, Queues: []string{"b", ""}},
		}
		for _, q := range queries {
			for _, limit := range []int{0, -1, 1, 2, 3, 8, 9, math.MaxInt} {
				for after := -1; after < len(sagas); after++ {
					q.Limit, q.After = limit, saga.ID{}
					if after >= 0 {
						q.After = sagas[after].ID
					}
					require.Equal(t, expected(sagas, called, q), list(t, s, q), "%+v", q)
				}
			}
		}
		q := store.Query{After: saga.NewID()}
		assert.Equal(t, expected(sagas, called, q), list(t, s, q), "after an ID that isn't there")
	},
}, {
	name:   "leaves out what was updated since",
	quotes: []string{"UpdatedBefore, if not zero, leaves out what was updated at that time or later."},
	check: func(t *testing.T, s store.Store) {
		sagas := manySagas()
		create(t, s, sagas...)
		a := next(sagas[1].ID, 1, 2, 1)
		require.NoError(t, s.Append(t.Context(), a))
		records, err := s.List(t.Context(), store.Query{})
		require.NoError(t, err)
		for _, cut := range records {
			before := []saga.ID{}
			for _, r := range records {
				if r.Updated.Before(cut.Updated) {
					before = append(before, r.ID)
				}
			}
			assert.Equal(t, before, list(t, s, store.Query{UpdatedBefore: cut.Updated}))
		}
		assert.Len(t, list(t, s, store.Query{UpdatedBefore: time.Now().Add(time.Hour)}), len(sagas))
		assert.Len(t, list(t, s, store.Query{UpdatedBefore: time.Now().Add(time.Hour), Name: "odd", States: []saga.State{saga.StateStuck}}),
			len(list(t, s, store.Query{Name: "odd", States: []saga.State{saga.StateStuck}})))
		assert.Empty(t, list(t, s, store.Query{UpdatedBefore: time.Now().Add(-time.Hour)}))
	},
}, {
	name:   "follows what appends and claims change",
	quotes: []string{"every later call sees it."},
	check: func(t *testing.T, s store.Store) {
		n := newIn(saga.StateRunning)
		create(t, s, n)
		a := next(n.ID, 1, 2, 1)
		a.State = saga.StateStuck
		require.NoError(t, s.Append(t.Context(), a))
		assert.Empty(t, list(t, s, store.Query{States: []saga.State{saga.StateRunning}}))
		require.Len(t, claim(t, s, store.Claim{Owner: bob}), 1)
		records, err := s.List(t.Context(), store.Query{States: []saga.State{saga.StateStuck}})
		require.NoError(t, err)
		require.Len(t, records, 1)
		assert.Equal(t, bob, records[0].Owner)
		assert.EqualValues(t, 2, records[0].Generation)
		assert.EqualValues(t, 3, records[0].NextSeq)
	},
}}

// manySagas returns eight sagas in the order of their IDs, of two names, two owners and nobody, three queues and all states but the last.
func manySagas() []store.NewSaga {
	sagas := make([]store.NewSaga, 8)
	for i := range sagas {
		sagas[i] = newIn(saga.State(i%6 + 1))
		sagas[i].ID = saga.ID{byte(i * 33), 0, 'a', 15: byte(i)} // their first bytes are below and above 128
		sagas[i].Name = [...]saga.Name{"even", "odd"}[i/2%2]
		sagas[i].Queue = [...]string{"", "a", "b"}[i%3]
		sagas[i].Owner = [...]string{alice, bob, ""}[i%8/3]
	}
	sagas[0].ID = saga.ID{15: 1}
	return sagas
}

// expected returns what List is to return for q, if those are all sagas, and the owners of some are called.
func expected(sagas []store.NewSaga, called map[saga.ID]bool, q store.Query) []saga.ID {
	ids := []saga.ID{}
	for _, n := range sagas {
		if (q.Name == "" || q.Name == n.Name) && (q.Owner == "" || q.Owner == n.Owner) && (!q.Notified || called[n.ID]) &&
			(len(q.States) == 0 || slices.Contains(q.States, n.State)) && (len(q.Queues) == 0 || slices.Contains(q.Queues, n.Queue)) &&
			string(n.ID[:]) > string(q.After[:]) && (q.Limit <= 0 || len(ids) < q.Limit) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}
