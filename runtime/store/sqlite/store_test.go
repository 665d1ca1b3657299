package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

// pools are the pool limits that a store must work with; 0 is none.
var pools = map[string]int{"one connection": 1, "two connections": 2, "any number of connections": 0}

func TestStoreConforms(t *testing.T) {
	for name, limit := range pools {
		t.Run(name, func(t *testing.T) {
			storetest.Test(t, func(t *testing.T) storetest.Opener {
				file := newFile(t)
				return func(t *testing.T) store.Store { return openStore(t, openDB(t, file, limit)) }
			}, storetest.Options{NoWatch: true})
		})
	}
}

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "saga.db") }

// openDB opens a file with a pool of at most limit connections, and more
// parameters of the driver.
func openDB(t testing.TB, file string, limit int, parameters ...string) *sql.DB {
	t.Helper()
	dsn := "file:" + file + "?x=y"
	for _, p := range parameters {
		dsn += "&" + p
	}
	db, err := sql.Open("sqlite", dsn)
	require.NoError(t, err)
	db.SetMaxOpenConns(limit)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func openStore(t testing.TB, db *sql.DB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), db)
	require.NoError(t, err)
	return s
}
