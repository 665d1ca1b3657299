package postgres_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

func TestMain(m *testing.M) {
	if encodedRole := os.Getenv(coordinatorVariable); encodedRole != "" {
		os.Exit(runCoordinator(encodedRole))
	}
	os.Exit(pgtest.Run(m))
}

// pools are the settings of a pool that a store must work with.
var pools = map[string]func(*pgxpool.Config){
	"default settings": func(*pgxpool.Config) {},
	"one connection":   func(c *pgxpool.Config) { c.MaxConns = 1 },
	"no description cache": func(c *pgxpool.Config) {
		c.ConnConfig.DescriptionCacheCapacity = 0
	},
	"simple protocol": func(c *pgxpool.Config) {
		c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	},
	"serializable transactions": func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["default_transaction_isolation"] = "serializable"
	},
}

func TestStoreConforms(t *testing.T) {
	for name, settings := range pools {
		t.Run(name, func(t *testing.T) {
			pool, schema := pgtest.Pool(t, pgtest.URL(t), settings), pgtest.Schema(t)
			openStore(t, pool, schema)
			storetest.Test(t, func(t *testing.T) storetest.Opener {
				_, err := pool.Exec(t.Context(), strings.ReplaceAll(`
					DELETE FROM $.saga_record; DELETE FROM $.saga_creation; DELETE FROM $.saga_dag;
					DELETE FROM $.saga_log; DELETE FROM $.saga_lease`, "$", schema))
				require.NoError(t, err)
				return func(t *testing.T) store.Store {
					return openStore(t, pgtest.Pool(t, pgtest.URL(t), settings), schema)
				}
			}, storetest.Options{})
			assert.Zero(t, pool.Stat().AcquiredConns(), "an idle store holds no connection")
		})
	}
}

func openStore(t testing.TB, pool *pgxpool.Pool, schema string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), pool, postgres.Config{Schema: schema})
	require.NoError(t, err)
	return s
}

// waitForStatistics waits until an application has no connection any longer.
// The server's processes report their statistics before they end.
func waitForStatistics(t *testing.T, admin *pgxpool.Pool, application string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var left int
		require.NoError(t, admin.QueryRow(t.Context(),
			"SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", application).Scan(&left))
		return left == 0
	}, time.Minute, 10*time.Millisecond)
}
