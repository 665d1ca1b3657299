//go:build unix

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
)

// orderStream is a stream of orders that concurrent clients place at a fleet.
type orderStream struct {
	acknowledged atomic.Int64
	clients      sync.WaitGroup

	mu     sync.Mutex
	orders map[saga.ID]scenario
	errs   []error
}

// rounds is how many orders a client places, one after the other. So at any
// time there are orders in all stages.
const rounds = 6

// placeAll starts clients that place n orders of all scenarios.
func (f *fleet) placeAll(ctx context.Context, n int) *orderStream {
	s := &orderStream{orders: map[saga.ID]scenario{}}
	for first := range n / rounds {
		s.clients.Go(func() {
			for i := first; i < n; i += n / rounds {
				e := scenarios[i%len(scenarios)]
				id, err := f.place(ctx, fmt.Sprintf("order-%d", i), e.order)
				s.acknowledged.Add(1)
				if err == nil {
					_, _, err = f.waitFinal(ctx, id)
				}
				s.mu.Lock()
				s.orders[id] = e
				if err != nil {
					s.errs = append(s.errs, err)
				}
				s.mu.Unlock()
			}
		})
	}
	return s
}

// wait waits until n orders are acknowledged.
func (s *orderStream) wait(t *testing.T, n int64) {
	t.Helper()
	require.NoError(t, eventually(t.Context(), func() error {
		if got := s.acknowledged.Load(); got < n {
			return fmt.Errorf("%d orders are acknowledged, want %d", got, n)
		}
		return nil
	}))
}

// finish waits until all n orders are final. It asserts their states and their
// effects.
func (s *orderStream) finish(t *testing.T, f *fleet, n int, sagas store.Store, db *sql.DB) {
	t.Helper()
	s.clients.Wait()
	require.Empty(t, s.errs)
	require.Len(t, s.orders, n, "each idempotency key must create one order")
	for id, e := range s.orders {
		state, reason, err := f.waitFinal(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, e.state.String(), state, "order %s, scenario %q: %s", id, e.name, reason)
	}
	records, err := sagas.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	assert.Len(t, records, n)
	for _, r := range records {
		assert.Contains(t, s.orders, r.ID, "no client knows this order")
	}
	checkEffects(t, db, s.orders)
}

// waitForTakeover waits until other processes have taken over the unfinished
// sagas of a process. It returns how many there were and how long it took.
func waitForTakeover(t *testing.T, sagas store.Store, pid int) (int, time.Duration) {
	t.Helper()
	start := time.Now()
	host, err := os.Hostname()
	require.NoError(t, err)
	owned := func() int {
		n := 0
		for _, r := range listUnfinished(t, sagas) {
			if strings.HasPrefix(r.Owner, fmt.Sprintf("%s-%d#", host, pid)) {
				n++
			}
		}
		return n
	}
	n := owned()
	require.NoError(t, eventually(t.Context(), func() error {
		if n := owned(); n > 0 {
			return fmt.Errorf("process %[2]d still owns %[1]d sagas", n, pid)
		}
		return nil
	}))
	return n, time.Since(start)
}

// listUnfinished returns the sagas that are not final.
func listUnfinished(t *testing.T, sagas store.Store) []saga.Record {
	t.Helper()
	records, err := sagas.List(t.Context(), saga.Query{
		States: []saga.State{saga.StateRunning, saga.StateUnwinding},
	})
	require.NoError(t, err)
	return records
}

const (
	// lease is short to keep the tests short, but long enough for a machine
	// that is busy with other tests.
	lease = 4 * time.Second
	// latency makes an order take about a second.
	latency = 150 * time.Millisecond
)

// cluster is a fleet of processes that share a PostgreSQL server.
type cluster struct {
	fleet
	server *pgtest.Server
	sagas  store.Store
	db     *sql.DB
	start  func() *process
}

// startCluster starts a PostgreSQL server and n processes that use it.
func startCluster(t *testing.T, n int, latency time.Duration) *cluster {
	t.Helper()
	f := &cluster{server: pgtest.Start(t)}
	f.start = func() *process {
		p := start(t, "-postgres", f.server.URL, "-lease", lease.String(), "-latency", latency.String())
		f.add(p)
		return p
	}
	for range n {
		f.start()
	}
	pool := pgtest.Pool(t, f.server.URL)
	var err error
	f.sagas, err = postgres.Open(t.Context(), pool, postgres.Config{})
	require.NoError(t, err)
	f.db = stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { f.db.Close() })
	return f
}

// One of three processes is killed while it runs sagas, and a new one is
// started.
func TestOrdersOfKilledProcessAreTakenOver(t *testing.T) {
	const n = 300
	f := startCluster(t, 3, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	victim := f.pick()
	victim.kill() // clients still send requests to it
	unfinished, took := waitForTakeover(t, f.sagas, victim.cmd.Process.Pid)
	require.Positive(t, unfinished, "the killed process had no unfinished sagas")
	t.Logf("%d sagas were taken over within %v of the crash; the lease is %v", unfinished, took, lease)
	f.remove(victim)
	f.start()
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	f.stop(t)
}

// One of three processes is paused for longer than its lease. When it
// continues, it is in the middle of steps whose sagas other processes have
// taken over.
func TestPausedProcessDoesNoHarm(t *testing.T) {
	const n = 150
	f := startCluster(t, 3, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	victim := f.pick()
	victim.signal(syscall.SIGSTOP)
	unfinished, took := waitForTakeover(t, f.sagas, victim.cmd.Process.Pid)
	require.Positive(t, unfinished, "the paused process had no unfinished sagas")
	t.Logf("%d sagas were taken over within %v of the pause; the lease is %v", unfinished, took, lease)
	victim.signal(syscall.SIGCONT)
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	for id, e := range orders.orders {
		var answer struct{ State string }
		path := "/orders/" + id.String()
		require.NoError(t, victim.retry(t.Context(), "GET", path, "", nil, http.StatusOK, &answer),
			"the process must serve requests again")
		assert.Equal(t, e.state.String(), answer.State)
	}
	f.stop(t)
}

// Each process serves every request, no matter which one owns the saga.
func TestAnyProcessServesAnyOrder(t *testing.T) {
	f := startCluster(t, 3, time.Second)
	body, err := json.Marshal(scenarios[0].order)
	require.NoError(t, err)
	first, second, third := f.processes[0], f.processes[1], f.processes[2]
	var placed, again struct{ ID saga.ID }
	require.NoError(t, first.retry(t.Context(), "POST", "/orders", "a key", body, http.StatusAccepted, &placed))
	require.NoError(t, second.retry(t.Context(), "POST", "/orders", "a key", body, http.StatusAccepted, &again))
	assert.Equal(t, placed, again)
	path := "/orders/" + placed.ID.String()
	var shown struct{ State string }
	require.NoError(t, third.retry(t.Context(), "GET", path, "", nil, http.StatusOK, &shown))
	assert.Equal(t, "running", shown.State)
	cancel := []byte(`{"by":"bob","reason":"ann called"}`)
	require.NoError(t, second.retry(t.Context(), "POST", path+"/cancel", "", cancel, http.StatusAccepted, &again))
	state, reason, err := f.waitFinal(t.Context(), placed.ID)
	require.NoError(t, err)
	assert.Equal(t, "failed", state)
	assert.Equal(t, "canceled by bob: ann called", reason)
	checkEffects(t, f.db, map[saga.ID]scenario{placed.ID: {state: saga.StateFailed}})
}
