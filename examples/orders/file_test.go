//go:build unix

package main

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// openFile opens the SQLite file of a process that runs.
func openFile(t *testing.T, file string) (store.Store, *sql.DB) {
	t.Helper()
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(30000)")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	sagas, err := sqlite.Open(t.Context(), db)
	require.NoError(t, err)
	return sagas, db
}

// A process that uses a SQLite file is killed while it runs sagas, and started
// again.
func TestOrdersResumeFromSQLiteFileAfterKill(t *testing.T) {
	const n = 150
	file := filepath.Join(t.TempDir(), "orders.db")
	f := new(fleet)
	victim := start(t, "-db", file, "-latency", latency.String())
	f.add(victim)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	victim.kill()

	sagas, db := openFile(t, file)
	require.NotEmpty(t, listUnfinished(t, sagas), "the killed process had no unfinished sagas")
	f.remove(victim)
	again := start(t, "-db", file)
	f.add(again)
	orders.finish(t, f, n, sagas, db)
	f.stop(t)
}

// A stopped process finishes its running steps. The next process resumes the
// unfinished sagas.
func TestStoppedProcessReleasesItsOrders(t *testing.T) {
	const n = 100
	file := filepath.Join(t.TempDir(), "orders.db")
	f := new(fleet)
	first := start(t, "-db", file, "-latency", latency.String())
	f.add(first)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	f.stop(t)
	f.remove(first)
	second := start(t, "-db", file)
	f.add(second)

	sagas, db := openFile(t, file)
	orders.finish(t, f, n, sagas, db)
	for _, e := range effects(t, db) {
		assert.True(t, e.Done <= 1 || e.Item == ledger.CardSlow || e.Item == ledger.CardSilent,
			"a finished step was repeated: %+v", e)
	}
	f.stop(t)
}

// A SQLite file is backed up while the process writes to it, and later
// restored.
func TestOrdersResumeFromBackupOfLiveFile(t *testing.T) {
	const n = 100
	dir := t.TempDir()
	file, backup := filepath.Join(dir, "orders.db"), filepath.Join(dir, "backup.db")
	f := new(fleet)
	victim := start(t, "-db", file, "-latency", latency.String())
	f.add(victim)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	_, db := openFile(t, file)
	_, err := db.ExecContext(t.Context(), "VACUUM INTO $1", backup)
	require.NoError(t, err)
	orders.clients.Wait()
	require.Empty(t, orders.errs)
	victim.kill()
	f.remove(victim)

	sagas, copied := openFile(t, backup)
	require.NotEmpty(t, listUnfinished(t, sagas), "the backup has no unfinished sagas")
	f.add(start(t, "-db", backup))
	records, err := sagas.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	assert.Less(t, len(records), n, "orders placed after the backup are lost")
	known := map[saga.ID]scenario{}
	for _, r := range records {
		known[r.ID] = orders.orders[r.ID]
		state, _, err := f.waitFinal(t.Context(), r.ID)
		require.NoError(t, err)
		assert.Equal(t, known[r.ID].state.String(), state)
	}
	checkEffects(t, copied, known) // the backup includes the ledger
	f.stop(t)
}
