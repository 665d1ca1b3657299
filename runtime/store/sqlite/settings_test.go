package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

func TestOpenRefusesDatabasesThatAreNotDurable(t *testing.T) {
	made := newFile(t)
	openStore(t, openDB(t, made, 0))
	empty := newFile(t)
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, refused := range map[string]struct{ dsn, message string }{
		"memory":             {":memory:", "use store.NewMemory"},
		"shared memory":      {"file:x?mode=memory&cache=shared", "use store.NewMemory"},
		"temporary":          {"", "use store.NewMemory"},
		"read-only":          {"file:" + made + "?mode=ro", "open it without mode=ro"},
		"query_only":         {"file:" + made + "?_pragma=query_only(1)", "without mode=ro, immutable or query_only"},
		"read-only and new":  {"file:" + empty + "?mode=ro", "open it without mode=ro"},
		"immutable":          {"file:" + made + "?immutable=1", "not opened as immutable"},
		"not a database":     {"file:settings_test.go", "file is not a database"},
		"not there":          {"file:/no/such/folder/saga.db", "unable to open database file"},
		"in-memory file":     {"file:/x?vfs=memdb", "use store.NewMemory"},
		"without shm or WAL": {"file:" + empty + "?vfs=unix-none", "journal_mode"},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := sql.Open("sqlite", refused.dsn)
			require.NoError(t, err)
			defer db.Close()
			_, err = sqlite.Open(t.Context(), db)
			require.ErrorContains(t, err, refused.message)
			require.ErrorContains(t, err, "sqlite store: ")
			t.Log(err)
		})
	}
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	db := openDB(t, newFile(t), 1)
	openStore(t, db)
	_, err := db.Exec("UPDATE saga_schema SET version = 99")
	require.NoError(t, err)
	_, err = sqlite.Open(t.Context(), db)
	require.EqualError(t, err, "sqlite store: the schema has version 99, and this program knows versions up to 1: "+
		"use a newer version of the program")
	var version int
	require.NoError(t, db.QueryRow("SELECT version FROM saga_schema").Scan(&version))
	assert.Equal(t, 99, version)
}

func TestFailedMigrationIsRolledBack(t *testing.T) {
	db := openDB(t, newFile(t), 1)
	_, err := db.Exec("CREATE TABLE saga_log (mine)")
	require.NoError(t, err)
	_, err = sqlite.Open(t.Context(), db)
	require.ErrorContains(t, err, "migrating the schema to version 1")
	var tables int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'saga_%'").Scan(&tables))
	assert.Equal(t, 1, tables, "only the existing one")

	_, err = db.Exec("DROP TABLE saga_log")
	require.NoError(t, err)
	openStore(t, db)
	openStore(t, db) // has nothing to migrate
}

func TestWritesAreDurableWhateverTheConnectionSettings(t *testing.T) {
	file := newFile(t)
	db := openDB(t, file, 1, "_pragma=synchronous(off)")
	pragma := func(name string) (value string) {
		require.NoError(t, db.QueryRow("PRAGMA "+name).Scan(&value))
		return value
	}
	s := openStore(t, db)
	assert.Equal(t, "wal", pragma("journal_mode"))
	for set, want := range map[string]string{"OFF": "2", "NORMAL": "2", "FULL": "2", "EXTRA": "3"} {
		_, err := db.Exec("PRAGMA synchronous = " + set)
		require.NoError(t, err)
		require.NoError(t, s.Create(t.Context(), newSaga()))
		assert.Equal(t, want, pragma("synchronous"), "after %s and a write", set)
	}
	assert.Equal(t, "delete", pragma("journal_mode = DELETE"))
	require.NoError(t, s.Create(t.Context(), newSaga()))
	assert.Equal(t, "wal", pragma("journal_mode"))

	db.SetMaxIdleConns(0) // a new connection each time, with the driver's settings
	require.NoError(t, s.Create(t.Context(), newSaga()))
}

// The program and the store share a pool of any size, and neither waits forever
// for the other.
func TestStoreSharesThePool(t *testing.T) {
	for name, limit := range pools {
		t.Run(name, func(t *testing.T) {
			db := openDB(t, newFile(t), limit, "_pragma=busy_timeout(10000)")
			s := openStore(t, db)
			_, err := db.Exec("CREATE TABLE own (n INTEGER)")
			require.NoError(t, err)
			assert.Zero(t, db.Stats().InUse, "an idle store holds no connection")
			n := newSaga()
			require.NoError(t, s.Create(t.Context(), n))
			done := make(chan error)
			go func() {
				for range 50 {
					if err := ownWork(t.Context(), db); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			for i := range uint64(50) {
				require.NoError(t, s.Append(t.Context(), next(n.ID, i, 1)))
			}
			require.NoError(t, <-done)
			requireLog(t, s, n.ID, 50)
			assert.Zero(t, db.Stats().InUse, "an idle store holds no connection")
		})
	}
}

func ownWork(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "INSERT INTO own VALUES (1)"); err != nil {
		return err
	}
	return tx.Commit()
}
