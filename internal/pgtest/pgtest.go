// Package pgtest gives tests a PostgreSQL server.
//
// It is the one that SAGA_TEST_POSTGRES has the connection string of, or else one that the test binary starts for itself in
// a temporary folder, and stops when its tests are over. A package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
// Where there is neither, tests are skipped, and with CI=true they fail.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// Variable names the environment variable with the connection string of a server to use.
const Variable = "SAGA_TEST_POSTGRES"

// shared is the server of the test binary, once a test has asked for it.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// Run runs the tests and stops what they have started.
func Run(m *testing.M) int {
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		if shared.server != nil {
			shared.server.Close()
		}
	}()
	return m.Run()
}

// URL returns the connection string of the server that tests share.
func URL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv(Variable); url != "" {
		return url
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = NewServer()
	}
	require.NotErrorIs(t, shared.err, errFailed, "%v", shared.err)
	skipWithout(t, shared.err)
	return shared.server.URL
}

// Pool returns a pool of connections to a server, which the settings have changed. It is closed when the test ends.
func Pool(t testing.TB, url string, settings ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	for _, set := range settings {
		set(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// Schema returns a name for a schema of the shared server that isn't there, and drops the schema when the test ends.
func Schema(t testing.TB) string {
	t.Helper()
	url := URL(t)
	name := "test_" + strings.ReplaceAll(saga.NewID().String(), "-", "")
	t.Cleanup(func() {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, url)
		if assert.NoError(t, err) {
			defer conn.Close(ctx)
			_, err = conn.Exec(ctx, "SET lock_timeout = '30s'; DROP SCHEMA IF EXISTS "+name+" CASCADE")
			assert.NoError(t, err)
		}
	})
	return name
}

// Start starts a server of the test's own, which it may break. The settings are lines of postgresql.conf. The
// server is stopped when the test ends.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := NewServer(settings...)
	require.NotErrorIs(t, err, errFailed, "%v", err)
	skipWithout(t, err)
	t.Cleanup(s.Close)
	return s
}

// skipWithout ends the test if there is no server to start.
func skipWithout(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	message := fmt.Sprintf("%v: install PostgreSQL (Debian: apt-get install postgresql), or set %s to a connection string", err, Variable)
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
}
