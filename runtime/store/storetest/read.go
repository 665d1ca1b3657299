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

var loadPromises = []promise{
	{
		name:  "returns the record with its DAG and parameters",
		check: loadReturnsRecordWithItsDAGAndParameters,
		quotes: []string{
			"Load returns a saga's record with its DAG and parameters.",
			"It returns ErrNotFound if no saga with that ID exists.",
		},
	},
}

func loadReturnsRecordWithItsDAGAndParameters(t *testing.T, s store.Store) {
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
}

var eventsPromises = []promise{
	{
		name:  "returns pages",
		check: eventsReturnsPages,
		quotes: []string{
			"Events returns a saga's events in order, beginning with number from.",
			"It returns at most limit events if limit is positive.",
		},
	},
	{
		name:   "returns nothing for an unknown saga",
		check:  eventsReturnsNothingForUnknownSaga,
		quotes: []string{"It returns no events and no error if the saga doesn't exist."},
	},
}

func eventsReturnsPages(t *testing.T, s store.Store) {
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
		{300, 0, 0, 0}, {301, 5, 0, 0},
		{math.MaxInt64, 1, 0, 0}, {math.MaxInt64 + 1, 1, 0, 0}, {math.MaxUint64, 0, 0, 0},
	} {
		got, err := s.Events(t.Context(), n.ID, page.from, page.limit)
		require.NoError(t, err)
		requireSameEvents(t, n.Events[page.low:page.high], got)
	}
}

func eventsReturnsNothingForUnknownSaga(t *testing.T, s store.Store) {
	create(t, s, newSaga())
	requireEvents(t, s, saga.NewID(), nil)
}

var listPromises = []promise{
	{
		name:  "returns all records ordered by ID, without DAGs and parameters",
		check: listReturnsAllRecordsOrderedByID,
		quotes: []string{
			"List returns the records that match the query, ordered by ID, without DAGs and parameters.",
			"The zero Query matches all records.",
		},
	},
	{
		name:  "returns the pages that match a query",
		check: listReturnsPages,
		quotes: []string{
			"A record must match all fields that are set.",
			"After, if not zero, matches only IDs above it.",
			"Limit, if positive, is the maximum number of records to return.",
			"Name, if not empty, matches only sagas with that name.",
			"States, if not empty, matches only sagas in one of these states.",
			"Queues, if not empty, matches only sagas in one of these queues.",
			"Owner, if not empty, matches only sagas of that owner.",
			"Notified, if set, matches only sagas whose owner is notified.",
		},
	},
	{
		name:   "filters by the time of the last update",
		check:  listFiltersByTimeOfLastUpdate,
		quotes: []string{"UpdatedBefore, if not zero, matches only sagas that were last updated before that time."},
	},
	{
		name:   "sees appends and claims",
		check:  listSeesAppendsAndClaims,
		quotes: []string{"Every later call sees the change."},
	},
}

func listReturnsAllRecordsOrderedByID(t *testing.T, s store.Store) {
	assert.Empty(t, list(t, s, saga.Query{}))
	sagas := manySagas()
	create(t, s, sagas[3], sagas[0], sagas[4], sagas[2], sagas[1], sagas[5], sagas[6], sagas[7])
	records, err := s.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	require.Equal(t, sagaIDs(sagas...), recordIDs(records))
	for _, r := range records {
		want := load(t, s, r.ID)
		want.DAG, want.Params = nil, nil
		requireSameRecord(t, want, r)
	}
}

func listReturnsPages(t *testing.T, s store.Store) {
	sagas := manySagas()
	create(t, s, sagas...)
	notified := map[saga.ID]bool{}
	for i, n := range sagas {
		if i%3 != 0 {
			notifyOwner(t, s, n)
			notified[n.ID] = true
		}
	}
	queries := []saga.Query{
		{}, {Name: "even"}, {Name: "odd"}, {Name: "none"}, {Name: "eve"}, {Name: "%"},
		{States: []saga.State{saga.StateStuck}},
		{States: []saga.State{saga.StateSucceeded}},
		{States: []saga.State{saga.StateFailed, saga.StateCreated}},
		{States: []saga.State{saga.StateRunning, saga.StateRunning, saga.StateSucceeded, saga.StateUnwinding}},
		{
			States: []saga.State{saga.StateRunning, saga.StateRunning, saga.StateFailed, saga.StateUnwinding},
			Name:   "odd",
		},
		{States: []saga.State{77}},
		{States: []saga.State{1, 2, 3, 4, 5, 6}},
		{Queues: []string{""}}, {Queues: []string{"b", "b", "none"}},
		{Queues: []string{"none"}}, {Queues: []string{"a", ""}},
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
				require.Equal(t, expected(sagas, notified, q), list(t, s, q), "%+v", q)
			}
		}
	}
	q := saga.Query{After: saga.NewID()}
	assert.Equal(t, expected(sagas, notified, q), list(t, s, q), "After is no saga's ID")
}

func listFiltersByTimeOfLastUpdate(t *testing.T, s store.Store) {
	sagas := manySagas()
	create(t, s, sagas...)
	a := next(sagas[1].ID, 1, 2, 1)
	require.NoError(t, s.Append(t.Context(), a))
	records, err := s.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	for _, cut := range records {
		before := []saga.ID{}
		for _, r := range records {
			if r.Updated.Before(cut.Updated) {
				before = append(before, r.ID)
			}
		}
		assert.Equal(t, before, list(t, s, saga.Query{UpdatedBefore: cut.Updated}))
	}
	assert.Len(t, list(t, s, saga.Query{UpdatedBefore: time.Now().Add(time.Hour)}), len(sagas))
	q := saga.Query{Name: "odd", States: []saga.State{saga.StateStuck}}
	odd := list(t, s, q)
	q.UpdatedBefore = time.Now().Add(time.Hour)
	assert.Equal(t, odd, list(t, s, q))
	assert.Empty(t, list(t, s, saga.Query{UpdatedBefore: time.Now().Add(-time.Hour)}))
}

func listSeesAppendsAndClaims(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateRunning)
	create(t, s, n)
	a := next(n.ID, 1, 2, 1)
	a.State = saga.StateStuck
	require.NoError(t, s.Append(t.Context(), a))
	assert.Empty(t, list(t, s, saga.Query{States: []saga.State{saga.StateRunning}}))
	require.Len(t, claim(t, s, store.Claim{Owner: bob}), 1)
	records, err := s.List(t.Context(), saga.Query{States: []saga.State{saga.StateStuck}})
	require.NoError(t, err)
	require.Len(t, records, 1)
	assert.Equal(t, bob, records[0].Owner)
	assert.EqualValues(t, 2, records[0].Generation)
	assert.EqualValues(t, 3, records[0].NextSeq)
}

// manySagas returns eight sagas ordered by ID. They have two names, three
// queues, two owners or none, and all states but the last.
func manySagas() []store.NewSaga {
	sagas := make([]store.NewSaga, 8)
	for i := range sagas {
		sagas[i] = newSagaIn(saga.State(i%6 + 1))
		sagas[i].ID = saga.ID{byte(i * 33), 0, 'a', 15: byte(i)} // first bytes below and above 128
		sagas[i].Name = [...]saga.Name{"even", "odd"}[i/2%2]
		sagas[i].Queue = [...]string{"", "a", "b"}[i%3]
		sagas[i].Owner = [...]string{alice, bob, ""}[i%8/3]
	}
	sagas[0].ID = saga.ID{15: 1}
	return sagas
}

// expected returns the IDs that List must return for q if these are all sagas,
// and the owners of some are notified.
func expected(sagas []store.NewSaga, notified map[saga.ID]bool, q saga.Query) []saga.ID {
	ids := []saga.ID{}
	for _, n := range sagas {
		if (q.Name == "" || q.Name == n.Name) && (q.Owner == "" || q.Owner == n.Owner) &&
			(!q.Notified || notified[n.ID]) &&
			(len(q.States) == 0 || slices.Contains(q.States, n.State)) &&
			(len(q.Queues) == 0 || slices.Contains(q.Queues, n.Queue)) &&
			string(n.ID[:]) > string(q.After[:]) && (q.Limit <= 0 || len(ids) < q.Limit) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}
