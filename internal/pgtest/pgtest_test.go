package pgtest_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestServerRestartsAfterACrash(t *testing.T) {
	server := pgtest.Start(t, "work_mem = '7MB'")
	pool := pgtest.Pool(t, server.URL)
	_, err := pool.Exec(t.Context(), "CREATE TABLE kept AS SELECT 1 AS n")
	require.NoError(t, err)
	for _, signal := range []string{"KILL", "QUIT", "INT"} {
		require.NoError(t, server.Stop(signal))
		// After a kill of the main process, the process of a connection serves
		// it until it notices.
		require.Eventually(t, func() bool { return pool.Ping(t.Context()) != nil }, time.Minute, time.Millisecond)
		require.NoError(t, server.Restart())
		var n int
		var setting string
		row := pool.QueryRow(t.Context(), "SELECT n, current_setting('work_mem') FROM kept")
		require.NoError(t, row.Scan(&n, &setting), "after %s", signal)
		require.Equal(t, 1, n)
		require.Equal(t, "7MB", setting)
	}
}

func TestSchemaIsDroppedAfterTheTest(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	var name string
	t.Run("a test", func(t *testing.T) {
		name = pgtest.Schema(t)
		_, err := pool.Exec(t.Context(), "CREATE SCHEMA "+name+"; CREATE TABLE "+name+".x ()")
		require.NoError(t, err)
	})
	var exists bool
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT to_regnamespace($1) IS NOT NULL", name).Scan(&exists))
	require.False(t, exists)
}
