package postgres_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	"github.com/sagagen/sagagen/runtime/store"
)

// Two processes create the same sagas in opposite orders. A batch waits for the
// sagas that the other one creates. If both waited, the server would cancel one
// of them after a second, in which nothing else is written either.
func TestProcessesThatCreateTheSameSagasDoNotDeadlock(t *testing.T) {
	const rounds, sagas = 5, 400
	server := pgtest.Start(t)
	admin := pgtest.Pool(t, server.URL)
	named := func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["application_name"] = t.Name() }
	pools := [2]*pgxpool.Pool{pgtest.Pool(t, server.URL, named), pgtest.Pool(t, server.URL, named)}
	var stores [2]store.Store
	for i, pool := range pools {
		stores[i] = openStore(t, pool, "saga")
	}
	for range rounds {
		created := make([]store.NewSaga, sagas)
		for i := range created {
			created[i] = newSaga()
		}
		var all sync.WaitGroup
		var results [2][]error
		for i, s := range stores {
			if i == 1 {
				created = slices.Clone(created)
				slices.Reverse(created)
			}
			results[i] = make([]error, sagas)
			for n, c := range created {
				all.Go(func() { results[i][n] = s.Create(t.Context(), c) })
			}
		}
		all.Wait()
		for n := range created {
			one, other := results[0][n], results[1][sagas-1-n]
			if one == nil {
				one, other = other, one
			}
			require.ErrorIs(t, one, store.ErrExists)
			require.NoError(t, other)
		}
	}
	for _, pool := range pools {
		pool.Close()
	}
	waitForStatistics(t, admin, t.Name())
	var deadlocks int
	require.NoError(t, admin.QueryRow(t.Context(), "SELECT sum(deadlocks) FROM pg_stat_database").Scan(&deadlocks))
	assert.Zero(t, deadlocks)
}
