package postgres_test

import (
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// The view is for operators who read logs with SQL.
func TestViewHasARowOfEachEvent(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s := openStore(t, pool, schema)
	n := newSaga()
	at := time.UnixMicro(1_700_000_000_123_456).UTC()
	n.Events = []engine.Event{
		{Seq: 0, Node: 1, Kind: engine.EventStarted, At: at},
		{Seq: 1, Node: 1, Kind: engine.EventSucceeded, At: at.Add(127 * time.Microsecond), Payload: []byte(`{"a":1}`)},
	}
	require.NoError(t, s.Create(t.Context(), n))
	ofEachKind := store.Append{ID: n.ID, Generation: 1, Seq: 2, State: saga.StateRunning}
	for i, kind := range engine.EventKinds() {
		ofEachKind.Events = append(ofEachKind.Events, engine.Event{
			Seq: uint64(2 + i), Node: 1 << i, Kind: kind, At: at.Add(-time.Duration(i) * time.Hour),
			Payload: make([]byte, 1<<i),
		})
	}
	require.NoError(t, s.Append(t.Context(), ofEachKind))
	seq := uint64(2 + len(ofEachKind.Events))
	require.NoError(t, s.Append(t.Context(), store.Append{ID: n.ID, Generation: 1, Seq: seq, State: saga.StateStuck}))
	require.NoError(t, s.Append(t.Context(), store.Append{
		ID: n.ID, Generation: 1, Seq: seq, State: saga.StateRunning,
		Events: []engine.Event{
			{Seq: seq, Node: math.MaxInt32, Kind: engine.EventAbandoned, At: time.Time{}, Payload: []byte{0, 0xff}},
			{Seq: seq + 1, Kind: engine.EventStarted, At: at},
		},
	}))
	require.NoError(t, s.Create(t.Context(), newSaga())) // without events

	rows, err := pool.Query(t.Context(),
		"SELECT seq, node, kind, at, payload FROM "+schema+".saga_event WHERE saga = $1 ORDER BY seq", [16]byte(n.ID))
	require.NoError(t, err)
	shown, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e engine.Event, err error) {
		var node, kind int
		err = row.Scan(&e.Seq, &node, &kind, &e.At, (*[]byte)(&e.Payload))
		e.Node, e.Kind, e.At = engine.NodeID(node), engine.EventKind(kind), e.At.UTC()
		return e, err
	})
	require.NoError(t, err)
	log, err := s.Events(t.Context(), n.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, log, int(seq)+2)
	assert.Equal(t, log, shown)
	var all int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM "+schema+".saga_event").Scan(&all))
	assert.Len(t, log, all, "no row for a saga without events")
}
