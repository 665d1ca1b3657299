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

// Two processes are sent the same keys in opposite orders. Each batch waits for what the other one creates; if both did, the
// server would have to end one of them, after a second in which nothing else is written either.
func TestTwoProcessesThatCreateTheSameSagasDoNotWaitForEachOther(t *testing.T) {
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
		var made [2][]error
		for i, s := range stores {
			if i == 1 {
				created = slices.Clone(created)
				slices.Reverse(created)
			}
			made[i] = make([]error, sagas)
			for n, c := range created {
				all.Go(func() { made[i][n] = s.Create(t.Context(), c) })
			}
		}
		all.Wait()
		for n := range created {
			one, other := made[0][n], made[1][sagas-1-n]
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
	waitUntilCounted(t, admin, t.Name())
	var deadlocks int
	require.NoError(t, admin.QueryRow(t.Context(), "SELECT sum(deadlocks) FROM pg_stat_database").Scan(&deadlocks))
	assert.Zero(t, deadlocks)
}
