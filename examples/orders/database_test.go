//go:build unix

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// The database server crashes while sagas run, and is restarted.
func TestOrdersResumeAfterDatabaseRestart(t *testing.T) {
	const n = 100
	f := startCluster(t, 2, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	require.NoError(t, f.server.Stop("QUIT"))
	time.Sleep(time.Second) // longer than all attempts of a step take, but shorter than a lease
	require.NoError(t, f.server.Restart())
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	f.stop(t)
}

// The clock of the server jumps ahead, so all leases expire. Each process can
// then take over sagas that another one still runs.
func TestSimultaneousLeaseExpiryDoesNoHarm(t *testing.T) {
	const n = 100
	f := startCluster(t, 2, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/4)
	require.NoError(t, eventually(t.Context(), func() error {
		for _, table := range []string{"saga_lease", "saga_record"} {
			_, err := f.db.ExecContext(t.Context(), "UPDATE saga."+table+" SET lease_end = '-infinity'")
			if err != nil {
				return err
			}
		}
		records, err := f.sagas.List(t.Context(), saga.Query{})
		if err == nil && !slices.ContainsFunc(records, func(r saga.Record) bool { return r.Generation > 1 }) {
			err = errors.New("no saga was taken over")
		}
		return err
	}))
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	f.stop(t)
}

// The sagas are restored from a backup, but the external services are not: they
// already know the requests that the sagas repeat.
func TestRestoredSagasRepeatStepsWithoutNewEffects(t *testing.T) {
	const n = 30
	f := startCluster(t, 1, latency)
	ids := map[saga.ID]scenario{}
	for i := range n { // without waiting until they are finished
		e := scenarios[i%len(scenarios)]
		id, err := f.place(t.Context(), fmt.Sprint(i), e.order)
		require.NoError(t, err)
		ids[id] = e
	}
	dump := filepath.Join(t.TempDir(), "sagas.sql")
	command(t, "pg_dump", "--schema=saga", "--file="+dump, f.server.URL)
	for id, e := range ids {
		state, _, err := f.waitFinal(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, e.state.String(), state)
	}
	checkEffects(t, f.db, ids)
	f.stop(t)

	_, err := f.db.ExecContext(t.Context(), "DROP SCHEMA saga CASCADE")
	require.NoError(t, err)
	command(t, "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file="+dump, f.server.URL)
	require.NotEmpty(t, listUnfinished(t, f.sagas), "the backup has no unfinished sagas")
	f.remove(f.processes[0])
	f.start()
	for id, e := range ids {
		state, reason, err := f.waitFinal(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, e.state.String(), state, "%s: %s", e.name, reason)
	}
	checkEffects(t, f.db, ids)
	f.stop(t)
}

// command runs one of PostgreSQL's client programs.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "install PostgreSQL's client programs (Debian: apt-get install postgresql)")
	out, err := exec.Command(path, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
