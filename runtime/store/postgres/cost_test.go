package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// The columns state and notified are in predicates of indexes, and an append
// always sets them. If it sets them to the values that they have, the new
// version of the row goes to the same page and no index is written.
func TestAppendThatChangesNoStateWritesToNoIndex(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) { c.MaxConns = 1 })
	schema := pgtest.Schema(t)
	s := openStore(t, pool, schema)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	const appends = 20 // a page has room for them, even if nothing can be removed from it
	for i := range uint64(appends) {
		require.NoError(t, s.Append(t.Context(), next(n.ID, i, 1)))
	}
	requireUpdates := func(updates, hot int) {
		t.Helper()
		require.Eventually(t, func() bool {
			var all, inPlace int
			require.NoError(t, pool.QueryRow(t.Context(), `
				SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
				WHERE schemaname = $1 AND relname = 'saga_record'`, schema).Scan(&all, &inPlace))
			if all == updates {
				require.Equal(t, hot, inPlace)
			}
			return all == updates
		}, time.Minute, 100*time.Millisecond)
	}
	requireUpdates(appends, appends)
	notify := next(n.ID, appends, 0)
	notify.Notify = true
	require.NoError(t, s.Append(t.Context(), notify))
	requireUpdates(appends+1, appends)
	require.NoError(t, s.Append(t.Context(), next(n.ID, appends, 0)))
	requireUpdates(appends+2, appends)
}

// Each coordinator claims about once a second, and usually there is nothing.
func TestClaimOfNothingWritesNothing(t *testing.T) {
	server := pgtest.Start(t, "autovacuum = off")
	pool := pgtest.Pool(t, server.URL, func(c *pgxpool.Config) { c.MaxConns = 1 })
	s := openStore(t, pool, "saga")
	var ids []saga.ID
	for _, owner := range []string{"alice", "bob", "carol"} {
		n := newSaga()
		n.Owner = owner
		require.NoError(t, s.Create(t.Context(), n))
		require.NoError(t, s.Append(t.Context(), next(n.ID, 0, 3)))
		ids = append(ids, n.ID)
	}
	require.NoError(t, s.Renew(t.Context(), "alice", time.Hour))
	require.NoError(t, s.Renew(t.Context(), "bob", 0))
	elsewhere := newSaga()
	elsewhere.Owner, elsewhere.Queue = "", "q"
	require.NoError(t, s.Create(t.Context(), elsewhere))
	written := func(claim store.Claim, want int) bool {
		var before, after string
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT pg_current_wal_insert_lsn()::text").Scan(&before))
		claimed, err := s.Claim(t.Context(), claim)
		require.NoError(t, err)
		require.Len(t, claimed, want)
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT pg_current_wal_insert_lsn()::text").Scan(&after))
		return before != after
	}
	for _, c := range []store.Claim{{Owner: "bob"}, {Owner: "bob", IDs: ids}, {Owner: "bob", Queue: "none"}} {
		// The server's own processes write now and then.
		assert.Eventually(t, func() bool { return !written(c, 0) }, 30*time.Second, time.Millisecond, "%+v", c)
	}
	assert.True(t, written(store.Claim{Owner: "bob", Queue: "q"}, 1))
}
