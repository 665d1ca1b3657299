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
)

func TestSQLiteVersionsThatCorruptDatabasesAreRefused(t *testing.T) {
	for _, version := range []string{"3.51.3", "3.51.10", "3.52.0", "3.54.1", "4.0.0"} {
		assert.NoError(t, checkVersion(version), version)
	}
	for _, version := range []string{"3.51.2", "3.50.9", "3.7.17", "2.99.99"} {
		assert.EqualError(t, checkVersion(version),
			"SQLite is "+version+", and versions before 3.51.3 can corrupt a database in WAL mode: use a newer driver")
	}
	assert.ErrorContains(t, checkVersion("new"), `version "new" of SQLite`)
}

// Frequent statements must not read all sagas: most finished long ago.
func TestStatementsUseTheSmallIndexes(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "saga.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = Open(t.Context(), db)
	require.NoError(t, err)

	list := func(q saga.Query) (string, []any) { return listQuery(q) }
	for name, statement := range map[string]struct {
		build  func() (string, []any)
		index  string
		sorted bool // reads in the order of the IDs, no further than the limit
	}{
		"list states": {
			func() (string, []any) {
				return list(saga.Query{
					Limit: 9, States: []saga.State{saga.StateStuck, saga.StateFailed},
					Owner: "a", Queues: []string{"q"},
				})
			}, "INDEX saga_record_state (state=? AND id>?)", true,
		},
		"list running": {
			func() (string, []any) {
				return list(saga.Query{Limit: 9, States: []saga.State{saga.StateRunning}, Owner: "a"})
			},
			"COVERING INDEX saga_record_unfinished (queue=? AND owner=? AND state=? AND id>?)", true,
		},
		"next owner of running sagas": {
			func() (string, []any) {
				return list(saga.Query{Limit: 9, States: []saga.State{saga.StateRunning, saga.StateStuck}})
			},
			"COVERING INDEX saga_record_unfinished (queue=? AND owner>?)", true,
		},
		"list notified": {
			func() (string, []any) { return list(saga.Query{Owner: "a", Notified: true}) },
			"INDEX saga_record_notified (owner=? AND id>?)", true,
		},
		"list notified and states": {
			func() (string, []any) {
				states := []saga.State{saga.StateRunning, saga.StateSucceeded}
				return list(saga.Query{Owner: "a", Notified: true, States: states})
			}, "INDEX saga_record_notified (owner=? AND id>?)", true,
		},
		"list notified of all owners": {
			func() (string, []any) { return list(saga.Query{Notified: true}) }, "INDEX saga_record_notified", false,
		},
		"any claimable": {
			func() (string, []any) { return texts[existsClaimable], []any{"a", 1, "q", "[]"} },
			"COVERING INDEX saga_record_unfinished (queue=? AND owner=? AND state=?)", true,
		},
		"any unowned": {
			func() (string, []any) { return texts[existsUnowned], []any{"a", 1, "q", "[]"} },
			"COVERING INDEX saga_record_unfinished (queue=? AND owner=? AND state=?)", true,
		},
		"any claimable of IDs": {
			func() (string, []any) { return texts[existsClaimableID], []any{"a", 1, "q", "[]", "[]", false} },
			"PRIMARY KEY (id=?)\nLIST SUBQUERY", true,
		},
		"next owner": {
			func() (string, []any) { return texts[existsClaimable], []any{"a", 1, "q", "[]"} },
			"COVERING INDEX saga_record_unfinished (queue=? AND owner>?)", true,
		},
		"claim": {
			func() (string, []any) { return texts[claimAny], []any{"a", 1, "q", 2, 3, 4, "[]"} },
			"COVERING INDEX saga_record_unfinished (queue=? AND owner=? AND state=?)", false,
		},
		"claim unowned": {
			func() (string, []any) { return texts[claimUnowned], []any{"a", 1, "q", 2, 3, 4, "[]"} },
			"COVERING INDEX saga_record_unfinished (queue=? AND owner=? AND state=?)", true,
		},
		"claim IDs": {
			func() (string, []any) { return texts[claimIDs], []any{"a", 1, "q", 2, 3, 4, "[]", "[]", false} },
			"PRIMARY KEY (id=?)\nLIST SUBQUERY", false,
		},
		"shorten leases": {
			func() (string, []any) { return texts[shortenLeases], []any{"a", 1, 2} },
			"COVERING INDEX saga_record_unfinished (queue=? AND owner=? AND state<?)", false,
		},
		"logs": {
			func() (string, []any) { return texts[loadLogs], []any{"[]"} },
			"SEARCH saga_log USING PRIMARY KEY (saga=?)", false,
		},
		"log": {
			func() (string, []any) { return texts[loadLog], []any{"a", 1} },
			"SEARCH saga_log USING PRIMARY KEY (saga=? AND seq>?)", true,
		},
		"final events": {
			func() (string, []any) { return texts[loadLog], []any{"a", 1} },
			"SEARCH saga_record USING PRIMARY KEY (id=?)", true,
		},
		"delete DAG": {
			func() (string, []any) { return texts[deleteDAG], []any{1} },
			"COVERING INDEX saga_record_dag (dag=?)", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text, args := statement.build()
			plan := explainPlan(t, db, text, args)
			assert.Contains(t, plan, statement.index, plan)
			assert.NotRegexp(t, `SCAN saga_record\n`, plan)
			if statement.sorted {
				assert.NotContains(t, plan, "TEMP B-TREE", plan)
			}
			t.Log("\n" + plan)
		})
	}
}

// The usual append writes to the log only.
func TestAppendThatChangesNoStateWritesOneRow(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "saga.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = Open(t.Context(), db)
	require.NoError(t, err)
	writeCursors := func(s statement) (n int) {
		rows, err := db.Query("EXPLAIN "+texts[s], []byte("0123456789abcdef"), 1, 0, 1, 1, 2, 0, []byte("x"))
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var opcode string
			var other any
			require.NoError(t, rows.Scan(&other, &opcode, &other, &other, &other, &other, &other, &other))
			if opcode == "OpenWrite" {
				n++
			}
		}
		require.NoError(t, rows.Err())
		return n
	}
	assert.Equal(t, 1, writeCursors(appendToLog), "the log only")
	assert.Equal(t, 4, writeCursors(updateRecord), "the record and its three indexes")
}

// explainPlan returns the query plan of a statement, one step per line.
func explainPlan(t testing.TB, db *sql.DB, text string, args []any) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+text, args...)
	require.NoError(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan.WriteString(detail + "\n")
	}
	require.NoError(t, rows.Err())
	return plan.String()
}

func TestIsBusyMatchesTheTextsOfAllDrivers(t *testing.T) {
	for _, text := range []string{
		"database is locked (5) (SQLITE_BUSY)", "sqlite3: database is locked", "database table is locked: x",
	} {
		assert.True(t, isBusy(fmt.Errorf("wrapped: %s", text)))
	}
	assert.False(t, isBusy(nil))
	assert.False(t, isBusy(sql.ErrNoRows))
}
