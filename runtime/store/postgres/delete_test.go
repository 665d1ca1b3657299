package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// The test holds the statement between its snapshot and its lock on the record.
// Events that are appended then are not in the snapshot, and must not be left
// behind.
func TestDeleteLeavesNoEventsOfAConcurrentAppend(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s, err := Open(t.Context(), pool, Config{Schema: schema})
	require.NoError(t, err)
	const condition = "WHERE r.id = ANY ($1::uuid[])"
	require.Equal(t, 1, strings.Count(s.stmts.delete, condition))
	const held = condition + " AND (SELECT pg_advisory_xact_lock_shared(7)::text = '')"
	s.stmts.delete = strings.Replace(s.stmts.delete, condition, held, 1)

	n := runningSaga(saga.NewID())
	n.State, n.Events = saga.StateFailed, []engine.Event{{Kind: engine.EventStarted}}
	require.NoError(t, s.Create(t.Context(), n))
	holder, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer holder.Rollback(context.Background())
	_, err = holder.Exec(t.Context(), "SELECT pg_advisory_xact_lock(7)")
	require.NoError(t, err)
	deleted := make(chan error, 1)
	go func() { deleted <- s.Delete(t.Context(), n.ID) }()
	require.Eventually(t, func() (waits bool) {
		require.NoError(t, pool.QueryRow(t.Context(), `
			SELECT EXISTS (
				SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted)`).Scan(&waits))
		return waits
	}, 30*time.Second, time.Millisecond)
	require.NoError(t, s.Append(t.Context(), store.Append{
		ID: n.ID, Generation: 1, Seq: 1, State: saga.StateFailed,
		Events: []engine.Event{{Seq: 1, Kind: engine.EventStarted}},
	}))
	require.NoError(t, holder.Rollback(t.Context()))
	require.NoError(t, <-deleted)
	for _, table := range []string{"saga_record", "saga_creation", "saga_log"} {
		var left int
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM "+schema+"."+table).Scan(&left))
		assert.Zero(t, left, table)
	}
}
