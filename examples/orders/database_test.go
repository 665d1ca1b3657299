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
	"github.com/sagagen/sagagen/runtime/store"
)

// The server crashes in the middle, and comes back.
func TestOrdersGoOnWhenTheDatabaseComesBack(t *testing.T) {
	const n = 100
	f := share(t, 2, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	require.NoError(t, f.server.Stop("QUIT"))
	time.Sleep(time.Second) // longer than the retries of a step take, and shorter than a lease
	require.NoError(t, f.server.Restart())
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	f.stop(t)
}

// The clock of the server jumps ahead, so that all leases have ended: whoever looks takes what the others run.
func TestLeasesThatEndAllAtOnceDoNoHarm(t *testing.T) {
	const n = 100
	f := share(t, 2, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/4)
	require.NoError(t, eventually(t.Context(), func() error {
		for _, table := range []string{"saga_lease", "saga_record"} {
			if _, err := f.db.ExecContext(t.Context(), "UPDATE saga."+table+" SET lease_end = '-infinity'"); err != nil {
				return err
			}
		}
		records, err := f.sagas.List(t.Context(), store.Query{})
		if err == nil && !slices.ContainsFunc(records, func(r store.Record) bool { return r.Generation > 1 }) {
			err = errors.New("no saga was taken from its owner")
		}
		return err
	}))
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	f.stop(t)
}

// The sagas are restored as they were a while ago. The services of others know better: they are of today.
func TestRestoredSagasTakeTheirStepsAgainAndChangeNothing(t *testing.T) {
	const n = 30
	f := share(t, 1, latency)
	ids := map[saga.ID]expected{}
	for i := range n { // and don't wait for their ends
		e := kinds[i%len(kinds)]
		id, err := f.place(t.Context(), fmt.Sprint(i), e.order)
		require.NoError(t, err)
		ids[id] = e
	}
	dump := filepath.Join(t.TempDir(), "sagas.sql")
	command(t, "pg_dump", "--schema=saga", "--file="+dump, f.server.URL)
	for id, e := range ids {
		state, _, err := f.ended(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, e.state.String(), state)
	}
	audit(t, f.db, ids)
	f.stop(t)

	_, err := f.db.ExecContext(t.Context(), "DROP SCHEMA saga CASCADE")
	require.NoError(t, err)
	command(t, "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file="+dump, f.server.URL)
	unfinished, err := f.sagas.List(t.Context(), store.Query{States: []saga.State{saga.StateRunning, saga.StateUnwinding}})
	require.NoError(t, err)
	require.NotEmpty(t, unfinished, "the dump has nothing to go on with")
	f.remove(f.processes[0])
	f.start()
	for id, e := range ids {
		state, reason, err := f.ended(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, e.state.String(), state, "%s: %s", e.name, reason)
	}
	audit(t, f.db, ids)
	f.stop(t)
}

// command runs a program of PostgreSQL's.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "it comes with PostgreSQL's client (Debian: apt-get install postgresql)")
	out, err := exec.Command(path, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
