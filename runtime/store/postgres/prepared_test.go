package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Only calls of functions that write are prepared.
func TestStatementsArePreparedIfPgxPreparesThem(t *testing.T) {
	for name, c := range map[string]struct {
		set      func(*pgx.ConnConfig)
		prepared []string
	}{
		"default settings":   {func(*pgx.ConnConfig) {}, []string{"saga_append_one", "saga_create_one"}},
		"no statement cache": {func(c *pgx.ConnConfig) { c.StatementCacheCapacity = 0 }, []string{}},
		"description cache": {
			func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe }, []string{},
		},
		"simple protocol": {
			func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol }, []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pool := pgtest.Pool(t, pgtest.URL(t), func(p *pgxpool.Config) {
				p.MaxConns = 1
				c.set(p.ConnConfig)
			})
			schema := pgtest.Schema(t)
			useAll(t, openStore(t, pool, schema))
			useAll(t, openStore(t, pool, schema))
			rows, _ := pool.Query(t.Context(),
				"SELECT substring(statement FROM '[a-z_]+(?=\\()') FROM pg_prepared_statements ORDER BY 1",
				pgx.QueryExecModeExec)
			prepared, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)
			assert.Equal(t, c.prepared, prepared)
		})
	}
}

// A hook of the pool deallocates all prepared statements after each call.
func TestStoreWorksIfPreparedStatementsAreDeallocated(t *testing.T) {
	var discarded atomic.Int64
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.AfterRelease = func(conn *pgx.Conn) bool {
			_, err := conn.Exec(context.Background(), "DISCARD ALL", pgx.QueryExecModeSimpleProtocol)
			discarded.Add(1)
			return err == nil
		}
	})
	require.NoError(t, runLifecycle(t.Context(), openStore(t, pool, pgtest.Schema(t))))
	pool.Close()
	assert.Greater(t, discarded.Load(), int64(40)) // one for each call
}

// useAll calls every method several times.
func useAll(t *testing.T, s store.Store) {
	for range 3 {
		n := newSaga()
		n.Lease = 0
		require.NoError(t, s.Create(t.Context(), n))
		require.NoError(t, s.Append(t.Context(), next(n.ID, 0, 3)))
		requireLog(t, s, n.ID, 3)
		require.NoError(t, s.Renew(t.Context(), n.Owner, 0))
		_, err := s.Claim(t.Context(), store.Claim{Owner: "bob"})
		require.NoError(t, err)
		_, err = s.List(t.Context(), saga.Query{Limit: 1})
		require.NoError(t, err)
		a := next(n.ID, 3, 1)
		a.Generation, a.State = 2, 5
		require.NoError(t, s.Append(t.Context(), a))
		require.NoError(t, s.Delete(t.Context(), n.ID))
		require.ErrorIs(t, s.Delete(t.Context(), n.ID), store.ErrNotFound)
	}
}
