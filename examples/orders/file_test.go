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

// read opens the file beside the process.
func read(t *testing.T, file string) (store.Store, *sql.DB) {
	t.Helper()
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(30000)")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	sagas, err := sqlite.Open(t.Context(), db)
	require.NoError(t, err)
	return sagas, db
}

// One process on an SQLite file is killed in the middle, and started again.
func TestOrdersOfAKilledProcessGoOnFromTheFile(t *testing.T) {
	const n = 150
	file := filepath.Join(t.TempDir(), "orders.db")
	f := new(fleet)
	victim := start(t, "-db", file, "-latency", latency.String())
	f.add(victim)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	victim.kill()

	sagas, db := read(t, file)
	unfinished, err := sagas.List(t.Context(), store.Query{States: []saga.State{saga.StateRunning, saga.StateUnwinding}})
	require.NoError(t, err)
	require.NotEmpty(t, unfinished, "it had nothing to leave behind")
	f.remove(victim)
	again := start(t, "-db", file)
	f.add(again)
	orders.finish(t, f, n, sagas, db)
	f.stop(t)
}

// A process that is told to end finishes what it can in time, and the next one goes on with the rest.
func TestStoppedProcessGivesItsOrdersBack(t *testing.T) {
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

	sagas, db := read(t, file)
	orders.finish(t, f, n, sagas, db)
	for _, e := range effects(t, db) {
		assert.True(t, e.Done <= 1 || e.Item == ledger.CardSlow || e.Item == ledger.CardSilent, "a step that was under way was recorded, and isn't repeated: %+v", e)
	}
	f.stop(t)
}

// The file is copied while the process writes to it, and that is all that is left.
func TestOrdersGoOnFromACopyOfALiveFile(t *testing.T) {
	const n = 100
	dir := t.TempDir()
	file, backup := filepath.Join(dir, "orders.db"), filepath.Join(dir, "backup.db")
	f := new(fleet)
	victim := start(t, "-db", file, "-latency", latency.String())
	f.add(victim)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	_, db := read(t, file)
	_, err := db.ExecContext(t.Context(), "VACUUM INTO $1", backup)
	require.NoError(t, err)
	orders.ended.Wait()
	require.Empty(t, orders.errs)
	victim.kill()
	f.remove(victim)

	sagas, copied := read(t, backup)
	unfinished, err := sagas.List(t.Context(), store.Query{States: []saga.State{saga.StateRunning, saga.StateUnwinding}})
	require.NoError(t, err)
	require.NotEmpty(t, unfinished)
	f.add(start(t, "-db", backup))
	records, err := sagas.List(t.Context(), store.Query{})
	require.NoError(t, err)
	assert.Less(t, len(records), n, "what was placed after the copy is lost")
	known := map[saga.ID]expected{}
	for _, r := range records {
		known[r.ID] = orders.orders[r.ID]
		state, _, err := f.ended(t.Context(), r.ID)
		require.NoError(t, err)
		assert.Equal(t, known[r.ID].state.String(), state)
	}
	audit(t, copied, known) // the ledgers are in the same file, and so of the same moment
	f.stop(t)
}
