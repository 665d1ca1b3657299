package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

const (
	alice = "alice" // creates sagas
	bob   = "bob"   // claims them
)

// newSaga returns a running saga with two events. Alice owns it, with a lease
// of an hour.
func newSaga() store.NewSaga {
	return store.NewSaga{
		ID: saga.NewID(), Name: "book-trip",
		DAG: []byte(`{"version":1,"name":"book-trip"}`), Params: []byte(`{"hotel":"Ritz"}`),
		State: saga.StateRunning, Events: events(0, 2), Owner: alice, Lease: time.Hour,
	}
}

// newSagaIn is newSaga in the given state and with an expired lease.
func newSagaIn(state saga.State) store.NewSaga {
	n := newSaga()
	n.State, n.Lease = state, 0
	return n
}

// events returns n events, numbered from seq.
func events(seq uint64, n int) []engine.Event {
	made := make([]engine.Event, n)
	for i := range made {
		number := seq + uint64(i)
		made[i] = engine.Event{
			Seq: number, Node: engine.NodeID(number%7 + 1), Kind: engine.EventStarted,
			At: time.Date(2026, 11, 24, 8, 0, 0, int(number%1000)*1e6, time.UTC),
		}
		if number%2 == 1 {
			made[i].Kind, made[i].Payload = engine.EventSucceeded, fmt.Appendf(nil, `{"n":%d}`, number)
		}
	}
	return made
}

// next returns an append of n events to a saga that has seq events.
func next(id saga.ID, generation, seq uint64, n int) store.Append {
	return store.Append{
		ID: id, Generation: generation, Seq: seq, Events: events(seq, n), State: saga.StateRunning,
	}
}

// unowned is newSaga without an owner, in the given queue.
func unowned(queue string) store.NewSaga {
	n := newSaga()
	n.Owner, n.Queue = "", queue
	return n
}

func create(t *testing.T, s store.Store, sagas ...store.NewSaga) {
	t.Helper()
	for _, n := range sagas {
		require.NoError(t, s.Create(t.Context(), n))
	}
}

func load(t *testing.T, s store.Store, id saga.ID) saga.Record {
	t.Helper()
	record, err := s.Load(t.Context(), id)
	require.NoError(t, err)
	return record
}

func list(t *testing.T, s store.Store, q saga.Query) []saga.ID {
	t.Helper()
	records, err := s.List(t.Context(), q)
	require.NoError(t, err)
	return recordIDs(records)
}

func claim(t *testing.T, s store.Store, c store.Claim) []saga.Record {
	t.Helper()
	records, err := s.Claim(t.Context(), c)
	require.NoError(t, err)
	return records
}

// notifyOwner appends an event as a client does that isn't the owner.
func notifyOwner(t *testing.T, s store.Store, n store.NewSaga) {
	t.Helper()
	record := load(t, s, n.ID)
	a := next(n.ID, record.Generation, record.NextSeq, 1)
	a.State, a.Notify = record.State, true
	require.NoError(t, s.Append(t.Context(), a))
}

// release releases a saga as its owner does.
func release(t *testing.T, s store.Store, n store.NewSaga) {
	t.Helper()
	require.NoError(t, s.Release(t.Context(), n.ID, load(t, s, n.ID).Generation))
}

func recordIDs(records []saga.Record) []saga.ID {
	ids := make([]saga.ID, len(records))
	for i, r := range records {
		ids[i] = r.ID
	}
	return ids
}

func sagaIDs(sagas ...store.NewSaga) []saga.ID {
	ids := make([]saga.ID, len(sagas))
	for i, n := range sagas {
		ids[i] = n.ID
	}
	return ids
}

// requireEvents requires that the saga has exactly these events.
func requireEvents(t *testing.T, s store.Store, id saga.ID, want []engine.Event) {
	t.Helper()
	got, err := s.Events(t.Context(), id, 0, 0)
	require.NoError(t, err)
	requireSameEvents(t, want, got)
}

func requireSameEvents(t *testing.T, want, got []engine.Event) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		g := got[i]
		require.Equal(t, w.Seq, g.Seq, "seq of event %d", i)
		require.Equal(t, w.Node, g.Node, "node of event %d", i)
		require.Equal(t, w.Kind, g.Kind, "kind of event %d", i)
		require.True(t, string(w.Payload) == string(g.Payload),
			"payload of event %d: want %.80q, got %.80q", i, w.Payload, g.Payload)
		require.WithinDuration(t, w.At, g.At, time.Millisecond-1, "time of event %d", i)
	}
}

// requireUnchanged runs f and requires that it changes neither the saga nor the
// number of sagas.
func requireUnchanged(t *testing.T, s store.Store, id saga.ID, f func()) {
	t.Helper()
	record, count := load(t, s, id), len(list(t, s, saga.Query{}))
	log, err := s.Events(t.Context(), id, 0, 0)
	require.NoError(t, err)
	f()
	requireSameRecord(t, record, load(t, s, id))
	requireEvents(t, s, id, log)
	assert.Len(t, list(t, s, saga.Query{}), count)
}

func requireSameRecord(t *testing.T, want, got saga.Record) {
	t.Helper()
	require.True(t, want.Created.Equal(got.Created), "created: want %v, got %v", want.Created, got.Created)
	require.True(t, want.Updated.Equal(got.Updated), "updated: want %v, got %v", want.Updated, got.Updated)
	got.Created, got.Updated = want.Created, want.Updated
	require.Equal(t, want, got)
}
