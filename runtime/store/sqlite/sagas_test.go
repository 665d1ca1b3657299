package sqlite_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// newSaga returns a running saga without events.
func newSaga() store.NewSaga {
	return store.NewSaga{
		ID: saga.NewID(), Name: "book-trip", DAG: []byte(`{"version":1}`),
		State: saga.StateRunning, Owner: "alice", Lease: time.Hour,
	}
}

// next returns an append of n events by the first generation, to a saga with
// seq events.
func next(id saga.ID, seq uint64, n int) store.Append {
	a := store.Append{ID: id, Generation: 1, Seq: seq, State: saga.StateRunning}
	for i := range uint64(n) {
		a.Events = append(a.Events, engine.Event{
			Seq: seq + i, Node: 1, Kind: engine.EventSucceeded,
			Payload: fmt.Appendf(nil, `{"seq":%d}`, seq+i), At: time.Now(),
		})
	}
	return a
}

// setTrap makes all appends of events to a saga fail in the database.
func setTrap(t *testing.T, db *sql.DB, id saga.ID) {
	t.Helper()
	_, err := db.Exec(fmt.Sprintf(`
		CREATE TRIGGER trap BEFORE INSERT ON saga_log WHEN new.saga = x'%x'
		BEGIN SELECT RAISE (FAIL, 'trapped'); END`, id[:]))
	require.NoError(t, err)
}

// requireLog requires that the saga's log has n events, all made by next.
func requireLog(t *testing.T, s store.Store, id saga.ID, n uint64) {
	t.Helper()
	record, err := s.Load(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, n, record.NextSeq)
	log, err := s.Events(t.Context(), id, 0, 0)
	require.NoError(t, err)
	require.Len(t, log, int(n))
	for i, e := range log {
		require.EqualValues(t, i, e.Seq)
		require.Equal(t, fmt.Sprintf(`{"seq":%d}`, i), string(e.Payload))
	}
}
