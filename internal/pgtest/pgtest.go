// Package pgtest provides tests with a PostgreSQL server.
//
// If the environment variable SAGA_TEST_POSTGRES contains a connection string,
// tests use that server. Otherwise the test binary starts a server in a
// temporary directory, and stops it after the tests. A package that uses pgtest
// declares
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
// If there is no server and PostgreSQL is not installed, tests are skipped.
// With CI=true they fail instead.
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

// Variable is the name of the environment variable that contains the connection
// string of an existing server.
const Variable = "SAGA_TEST_POSTGRES"

// shared is the server of the test binary. The first call of URL starts it.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// Run runs the tests, stops the shared server and returns the exit code.
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

// URL returns the connection string of the server that all tests share. It
// starts the server if necessary.
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

// Pool returns a connection pool for a server. The functions in settings modify
// its configuration. The pool is closed when the test ends.
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

// Schema returns the name of a new schema for the shared server. It doesn't
// create the schema. When the test ends, the schema is dropped.
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

// Start starts a server for one test, which may break it. The settings are
// lines of postgresql.conf. The server is stopped when the test ends.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := NewServer(settings...)
	require.NotErrorIs(t, err, errFailed, "%v", err)
	skipWithout(t, err)
	t.Cleanup(s.Close)
	return s
}

// skipWithout skips the test, or fails it with CI=true, if err is not nil.
func skipWithout(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	message := fmt.Sprintf("%v: install PostgreSQL (Debian: apt-get install postgresql) "+
		"or set %s to a connection string", err, Variable)
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
}
