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

// placing is a stream of orders that clients place at a fleet.
type placing struct {
	acknowledged atomic.Int64
	ended        sync.WaitGroup

	mu     sync.Mutex
	orders map[saga.ID]expected
	errs   []error
}

// rounds is how many orders a client places, each when the one before has ended. So at any time there are orders
// in all stages.
const rounds = 6

// placeAll begins to place n orders of all kinds.
func (f *fleet) placeAll(ctx context.Context, n int) *placing {
	p := &placing{orders: map[saga.ID]expected{}}
	for first := range n / rounds {
		p.ended.Go(func() {
			for i := first; i < n; i += n / rounds {
				e := kinds[i%len(kinds)]
				id, err := f.place(ctx, fmt.Sprintf("order-%d", i), e.order)
				p.acknowledged.Add(1)
				if err == nil {
					_, _, err = f.ended(ctx, id)
				}
				p.mu.Lock()
				p.orders[id] = e
				if err != nil {
					p.errs = append(p.errs, err)
				}
				p.mu.Unlock()
			}
		})
	}
	return p
}

// wait waits until so many orders are acknowledged.
func (p *placing) wait(t *testing.T, n int64) {
	t.Helper()
	require.NoError(t, eventually(t.Context(), func() error {
		if got := p.acknowledged.Load(); got < n {
			return fmt.Errorf("%d orders are acknowledged, want %d", got, n)
		}
		return nil
	}))
}

// finish waits until all orders are placed and have ended as they should, and audits the ledgers.
func (p *placing) finish(t *testing.T, f *fleet, n int, sagas store.Store, db *sql.DB) {
	t.Helper()
	p.ended.Wait()
	require.Empty(t, p.errs)
	require.Len(t, p.orders, n, "each key gives an order of its own")
	for id, e := range p.orders {
		state, reason, err := f.ended(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, e.state.String(), state, "order %s of kind %q: %s", id, e.name, reason)
	}
	records, err := sagas.List(t.Context(), store.Query{})
	require.NoError(t, err)
	assert.Len(t, records, n)
	for _, r := range records {
		assert.Contains(t, p.orders, r.ID, "nobody was told of this order")
	}
	audit(t, db, p.orders)
}

// takeover waits until the unfinished sagas of a process are others', and returns how many there were and how long it
// took.
func takeover(t *testing.T, sagas store.Store, pid int) (int, time.Duration) {
	t.Helper()
	began := time.Now()
	host, err := os.Hostname()
	require.NoError(t, err)
	left := func() int {
		records, err := sagas.List(t.Context(), store.Query{States: []saga.State{saga.StateRunning, saga.StateUnwinding}})
		require.NoError(t, err)
		n := 0
		for _, r := range records {
			if strings.HasPrefix(r.Owner, fmt.Sprintf("%s-%d#", host, pid)) {
				n++
			}
		}
		return n
	}
	n := left()
	require.NoError(t, eventually(t.Context(), func() error {
		if n := left(); n > 0 {
			return fmt.Errorf("%d sagas are still those of process %d", n, pid)
		}
		return nil
	}))
	return n, time.Since(began)
}

const (
	// lease is short, so that the tests are, and long enough for a machine that is busy with other tests.
	lease = 4 * time.Second
	// latency makes an order last for a second or so.
	latency = 150 * time.Millisecond
)

// shared is some processes on one PostgreSQL server.
type shared struct {
	fleet
	server *pgtest.Server
	sagas  store.Store
	db     *sql.DB
	start  func() *process
}

// share starts n processes on a server of their own.
func share(t *testing.T, n int, latency time.Duration) *shared {
	t.Helper()
	f := &shared{server: pgtest.Start(t)}
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

// One of three processes is killed in the middle, and another one started.
func TestOrdersOfAKilledProcessAreFinishedByTheOthers(t *testing.T) {
	const n = 300
	f := share(t, 3, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	victim := f.pick()
	victim.kill() // and clients still ask it
	unfinished, took := takeover(t, f.sagas, victim.cmd.Process.Pid)
	require.Positive(t, unfinished, "it had nothing to leave behind")
	t.Logf("%d sagas were taken over within %v of the crash; the lease is %v", unfinished, took, lease)
	f.remove(victim)
	f.start()
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	f.stop(t)
}

// One of three processes stands still for longer than its lease, and doesn't know. When it goes on, others have taken its sagas
// over, and it is in the middle of their steps.
func TestProcessThatWasPausedDoesNoHarm(t *testing.T) {
	const n = 150
	f := share(t, 3, latency)
	orders := f.placeAll(t.Context(), n)
	orders.wait(t, n/2)
	victim := f.pick()
	victim.signal(syscall.SIGSTOP)
	unfinished, took := takeover(t, f.sagas, victim.cmd.Process.Pid)
	require.Positive(t, unfinished, "it had nothing in hand")
	t.Logf("%d sagas were taken over within %v of the pause; the lease is %v", unfinished, took, lease)
	victim.signal(syscall.SIGCONT)
	orders.finish(t, &f.fleet, n, f.sagas, f.db)
	for id, e := range orders.orders {
		var answer struct{ State string }
		require.NoError(t, victim.insist(t.Context(), "GET", "/orders/"+id.String(), "", nil, 200, &answer), "it serves again")
		assert.Equal(t, e.state.String(), answer.State)
	}
	f.stop(t)
}

// Any process takes any request, whichever one runs the saga.
func TestAnyProcessServesAnyOrder(t *testing.T) {
	f := share(t, 3, time.Second)
	body, err := json.Marshal(kinds[0].order)
	require.NoError(t, err)
	first, second, third := f.processes[0], f.processes[1], f.processes[2]
	var placed, again struct{ ID saga.ID }
	require.NoError(t, first.insist(t.Context(), "POST", "/orders", "a key", body, http.StatusAccepted, &placed))
	require.NoError(t, second.insist(t.Context(), "POST", "/orders", "a key", body, http.StatusAccepted, &again))
	assert.Equal(t, placed, again)
	path := "/orders/" + placed.ID.String()
	var shown struct{ State string }
	require.NoError(t, third.insist(t.Context(), "GET", path, "", nil, http.StatusOK, &shown))
	assert.Equal(t, "running", shown.State)
	cancel := []byte(`{"by":"bob","reason":"ann called"}`)
	require.NoError(t, second.insist(t.Context(), "POST", path+"/cancel", "", cancel, http.StatusAccepted, &again))
	state, reason, err := f.ended(t.Context(), placed.ID)
	require.NoError(t, err)
	assert.Equal(t, "failed", state)
	assert.Equal(t, "canceled by bob: ann called", reason)
	audit(t, f.db, map[saga.ID]expected{placed.ID: {state: saga.StateFailed}})
}
