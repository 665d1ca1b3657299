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
	if told := os.Getenv(coordinatorVariable); told != "" {
		os.Exit(runCoordinator(told))
	}
	os.Exit(pgtest.Run(m))
}

// pools are settings of a pool that a store has to work with.
var pools = map[string]func(*pgxpool.Config){
	"as it comes":    func(*pgxpool.Config) {},
	"one connection": func(c *pgxpool.Config) { c.MaxConns = 1 },
	"no cache of descriptions": func(c *pgxpool.Config) {
		c.ConnConfig.DescriptionCacheCapacity = 0
	},
	"simple protocol": func(c *pgxpool.Config) {
		c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	},
	"serializable transactions": func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["default_transaction_isolation"] = "serializable"
	},
}

func TestStore(t *testing.T) {
	for name, settings := range pools {
		t.Run(name, func(t *testing.T) {
			pool, schema := pgtest.Pool(t, pgtest.URL(t), settings), pgtest.Schema(t)
			openStore(t, pool, schema)
			storetest.Run(t, func(t *testing.T) store.Store {
				_, err := pool.Exec(t.Context(), strings.ReplaceAll(
					"DELETE FROM $.saga_record; DELETE FROM $.saga_creation; DELETE FROM $.saga_dag; DELETE FROM $.saga_log; DELETE FROM $.saga_lease", "$", schema))
				require.NoError(t, err)
				return openStore(t, pool, schema)
			})
			assert.Zero(t, pool.Stat().AcquiredConns(), "nothing is kept while idle")
		})
	}
}

func TestStoreIsDurable(t *testing.T) {
	for name, settings := range pools {
		t.Run(name, func(t *testing.T) {
			storetest.Durable(t, func(t *testing.T) storetest.Opener {
				schema := pgtest.Schema(t)
				return func(t *testing.T) store.Store {
					return openStore(t, pgtest.Pool(t, pgtest.URL(t), settings), schema)
				}
			})
		})
	}
}

func TestStoreWatches(t *testing.T) {
	for name, settings := range pools {
		t.Run(name, func(t *testing.T) {
			storetest.Watch(t, func(t *testing.T) storetest.Opener {
				schema := pgtest.Schema(t)
				return func(t *testing.T) store.Store {
					return openStore(t, pgtest.Pool(t, pgtest.URL(t), settings), schema)
				}
			})
		})
	}
}

func openStore(t testing.TB, pool *pgxpool.Pool, schema string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), pool, postgres.Config{Schema: schema})
	require.NoError(t, err)
	return s
}

// waitUntilCounted returns when no connection of that application is left: when they end, the server's processes have told all that they have counted.
func waitUntilCounted(t *testing.T, admin *pgxpool.Pool, application string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var left int
		require.NoError(t, admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", application).Scan(&left))
		return left == 0
	}, time.Minute, 10*time.Millisecond)
}
