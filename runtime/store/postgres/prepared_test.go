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
	"github.com/sagagen/sagagen/runtime/store"
)

// Of all statements, those that call a function that writes.
func TestServerKeepsStatementsByNameIfPgxDoes(t *testing.T) {
	for name, c := range map[string]struct {
		set   func(*pgx.ConnConfig)
		named []string
	}{
		"as it comes":             {func(*pgx.ConnConfig) {}, []string{"saga_append_one", "saga_create_one"}},
		"no cache of statements":  {func(c *pgx.ConnConfig) { c.StatementCacheCapacity = 0 }, []string{}},
		"descriptions are cached": {func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe }, []string{}},
		"simple protocol":         {func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol }, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			pool := pgtest.Pool(t, pgtest.URL(t), func(p *pgxpool.Config) {
				p.MaxConns = 1
				c.set(p.ConnConfig)
			})
			schema := pgtest.Schema(t)
			useAll(t, openStore(t, pool, schema))
			useAll(t, openStore(t, pool, schema))
			rows, _ := pool.Query(t.Context(), "SELECT substring(statement FROM '[a-z_]+(?=\\()') FROM pg_prepared_statements ORDER BY 1", pgx.QueryExecModeExec)
			named, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)
			assert.Equal(t, c.named, named)
		})
	}
}

// A hook of the pool has the server forget all statements after each call.
func TestStoreWorksIfTheServerForgetsStatements(t *testing.T) {
	var forgot atomic.Int64
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.AfterRelease = func(conn *pgx.Conn) bool {
			_, err := conn.Exec(context.Background(), "DISCARD ALL", pgx.QueryExecModeSimpleProtocol)
			forgot.Add(1)
			return err == nil
		}
	})
	require.NoError(t, live(t.Context(), openStore(t, pool, pgtest.Schema(t))))
	pool.Close()
	assert.Greater(t, forgot.Load(), int64(40)) // a call each
}

// useAll calls every method, several times.
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
		_, err = s.List(t.Context(), store.Query{Limit: 1})
		require.NoError(t, err)
		a := next(n.ID, 3, 1)
		a.Generation, a.State = 2, 5
		require.NoError(t, s.Append(t.Context(), a))
		require.NoError(t, s.Delete(t.Context(), n.ID))
		require.ErrorIs(t, s.Delete(t.Context(), n.ID), store.ErrNotFound)
	}
}
