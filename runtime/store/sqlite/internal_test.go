package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

func TestVersionsOfSQLiteThatCorruptAreRefused(t *testing.T) {
	for _, version := range []string{"3.51.3", "3.51.10", "3.52.0", "3.54.1", "4.0.0"} {
		assert.NoError(t, checkVersion(version), version)
	}
	for _, version := range []string{"3.51.2", "3.50.9", "3.7.17", "2.99.99"} {
		assert.EqualError(t, checkVersion(version),
			"SQLite is "+version+", and versions before 3.51.3 can corrupt a database in WAL mode: use a newer driver")
	}
	assert.ErrorContains(t, checkVersion("new"), `version "new" of SQLite`)
}

// What is asked often must not read all sagas, of which most have ended long ago.
func TestStatementsUseTheIndexOfOpenSagas(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "saga.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = Open(t.Context(), db)
	require.NoError(t, err)

	open, args := listQuery(store.Query{Limit: 9, States: []saga.State{saga.StateStuck, saga.StateFailed}})
	for name, statement := range map[string]struct {
		text string
		args []any
	}{
		"list":  {open, args},
		"claim": {claimText, []any{"a", 1, 2, nil, 3}},
		"renew": {renewText, []any{"a", 1}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := db.Query("EXPLAIN QUERY PLAN "+statement.text, statement.args...)
			require.NoError(t, err)
			defer rows.Close()
			var plan []string
			for rows.Next() {
				var id, parent, unused int
				var detail string
				require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
				plan = append(plan, detail)
			}
			text := strings.Join(plan, "\n")
			assert.Contains(t, text, "INDEX saga_record_open", text)
			assert.NotContains(t, text, "SCAN saga_record\n", text)
			if name == "list" {
				assert.NotContains(t, text, "TEMP B-TREE", text)
			}
			t.Log("\n" + text)
		})
	}
}

func TestLockedIsKnownByTheTextThatAllDriversKeep(t *testing.T) {
	for _, text := range []string{"database is locked (5) (SQLITE_BUSY)", "sqlite3: database is locked", "database table is locked: x"} {
		assert.True(t, isLocked(fmt.Errorf("wrapped: %s", text)))
	}
	assert.False(t, isLocked(nil))
	assert.False(t, isLocked(sql.ErrNoRows))
}
