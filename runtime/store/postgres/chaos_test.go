//go:build unix

package postgres_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store/postgres"
)

var chaosSeed = flag.Uint64("chaos.seed", 0, "run TestSagasEndAsTheyShouldWhateverDies with this seed")

const (
	chaosSagas = 1000
	// chaosTimeout is when the whole test counts as hung.
	chaosTimeout = 5 * time.Minute
)

// Three coordinator processes share a server and run sagas, while processes are
// killed and paused, connections are cut and the server crashes. Every saga
// ends as planned, every log is legal and written by the owners of the saga,
// and no action is called again after its result is known.
func TestSagasEndAsTheyShouldWhateverDies(t *testing.T) {
	c := newChaos(t)
	disturbances := []func(){c.kill, c.pause, c.cut, c.cut, c.crash, c.cut, c.kill, c.crash}
	c.random.Shuffle(len(disturbances), func(i, j int) {
		disturbances[i], disturbances[j] = disturbances[j], disturbances[i]
	})
	wave := chaosSagas / len(disturbances)
	for i, disturb := range disturbances {
		c.submit(wave)
		c.await("a third of the wave is final", finalSagas, i*wave+wave/3)
		disturb()
	}
	c.await("all are final", finalSagas, len(c.sagas))
	c.stop()
	newAudit(c).run()
}

// chaos is a server, the coordinator processes that use it, and their sagas.
type chaos struct {
	t      *testing.T
	ctx    context.Context
	random *rand.Rand
	server *pgtest.Server
	pool   *pgxpool.Pool
	store  *postgres.Store
	client *sec.Client
	// history is the path of the file that records calls.
	history   string
	processes []*coordinator // the running ones
	started   int            // the number of processes ever started
	sagas     map[saga.ID]plan
	takeovers []takeover
}

// coordinator is a coordinator process.
type coordinator struct {
	name      string
	cmd       *exec.Cmd
	stdin     io.WriteCloser
	submitted []saga.ID    // the sagas that the process was asked to start
	stderr    bytes.Buffer // must be read after the process has ended
}

// takeover is the unfinished sagas of a process that was killed or paused.
type takeover struct {
	process, what string
	at            time.Time // by the server's clock
	sagas         []saga.ID
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed: -chaos.seed=%d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), chaosTimeout)
	t.Cleanup(cancel)
	c := &chaos{
		t: t, ctx: ctx, random: rand.New(rand.NewPCG(seed, 0)), server: pgtest.Start(t),
		history: filepath.Join(t.TempDir(), "history"), sagas: map[saga.ID]plan{},
	}
	c.pool = pgtest.Pool(t, c.server.URL)
	c.store = openStore(t, c.pool, "saga")
	_, err := c.pool.Exec(ctx, auditTables)
	require.NoError(t, err)
	c.client, err = sec.NewClient(sec.ClientConfig{Store: c.store, Registry: chaosRegistry(nil)})
	require.NoError(t, err)
	for range 3 {
		c.start()
	}
	return c
}

// start starts a process and waits until it runs.
func (c *chaos) start() {
	c.t.Helper()
	c.started++
	p := &coordinator{name: fmt.Sprintf("chaos-%d", c.started)}
	self, err := os.Executable()
	require.NoError(c.t, err)
	encodedRole, err := json.Marshal(role{Name: p.name, URL: c.server.URL, History: c.history})
	require.NoError(c.t, err)
	p.cmd = exec.Command(self)
	p.cmd.Env = append(os.Environ(), coordinatorVariable+"="+string(encodedRole))
	p.cmd.Stderr = &p.stderr
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(c.t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(c.t, err)
	require.NoError(c.t, p.cmd.Start())
	c.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.cmd.Wait()
		if c.t.Failed() {
			c.t.Logf("process %s: %s", p.name, tail(p.stderr.Bytes(), 20))
		}
	})
	var ready string
	if _, err := fmt.Fscanln(stdout, &ready); err != nil {
		_ = p.cmd.Wait()
		require.NoError(c.t, err, "%s", p.stderr.String())
	}
	c.processes = append(c.processes, p)
}

func tail(text []byte, lines int) []byte {
	all := bytes.SplitAfter(text, []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], nil)
}

// submit starts n more sagas: about half of them by the client, for any
// process, and the others by a process for itself.
func (c *chaos) submit(n int) {
	c.t.Helper()
	for range n {
		id, number := saga.NewID(), len(c.sagas)%len(plans)
		c.sagas[id] = plans[number]
		if c.random.IntN(2) == 0 {
			c.ensureStarted(id)
			continue
		}
		p := c.processes[c.random.IntN(len(c.processes))]
		p.submitted = append(p.submitted, id)
		_, err := fmt.Fprintln(p.stdin, id, number)
		require.NoError(c.t, err)
	}
}

// ensureStarted starts a saga by the client unless it exists.
func (c *chaos) ensureStarted(id saga.ID) {
	c.t.Helper()
	dag, err := tripDAG("step", c.sagas[id])
	require.NoError(c.t, err)
	require.NoError(c.t, until(c.ctx, func() error { return c.client.CreateAndStart(c.ctx, id, dag) }))
}

// await waits until a query returns at least that number.
func (c *chaos) await(what, query string, least int, args ...any) {
	c.t.Helper()
	require.NoError(c.t, until(c.ctx, func() error {
		var n int
		if err := c.pool.QueryRow(c.ctx, query, args...).Scan(&n); err != nil {
			return err
		}
		if n < least {
			return fmt.Errorf("until %s: %d, want %d", what, n, least)
		}
		return nil
	}))
}

const finalSagas = "SELECT count(*) FROM saga.saga_record WHERE state >= 5"

const unfinishedOf = ` FROM saga.saga_record WHERE state < 5 AND owner LIKE $1 || '#%'`

// pick returns the process with the most unfinished sagas.
func (c *chaos) pick() *coordinator {
	c.t.Helper()
	count := func(p *coordinator) (n int) {
		require.NoError(c.t, c.pool.QueryRow(c.ctx, "SELECT count(*)"+unfinishedOf, p.name).Scan(&n))
		return n
	}
	return slices.MaxFunc(c.processes, func(a, b *coordinator) int { return count(a) - count(b) })
}

// silence stops a process with a signal, and returns when other processes have
// taken over all its sagas.
func (c *chaos) silence(p *coordinator, what string, signal syscall.Signal) {
	c.t.Helper()
	gone := takeover{process: p.name, what: what}
	require.NoError(c.t, c.pool.QueryRow(c.ctx, "SELECT clock_timestamp()").Scan(&gone.at))
	require.NoError(c.t, p.cmd.Process.Signal(signal))
	ids, err := c.pool.Query(c.ctx, "SELECT id"+unfinishedOf, p.name)
	require.NoError(c.t, err)
	for ids.Next() {
		var id [16]byte
		require.NoError(c.t, ids.Scan(&id))
		gone.sagas = append(gone.sagas, id)
	}
	require.NoError(c.t, ids.Err())
	c.takeovers = append(c.takeovers, gone)
	c.await("others have taken over its sagas", "SELECT -count(*)"+unfinishedOf, 0, p.name)
}

// kill kills a process and starts another one. The client starts the sagas that
// the killed process had not started yet.
func (c *chaos) kill() {
	p := c.pick()
	c.processes = slices.DeleteFunc(c.processes, func(other *coordinator) bool { return other == p })
	c.silence(p, "killed", syscall.SIGKILL)
	_ = p.cmd.Wait() // it was killed
	c.start()
	for _, id := range p.submitted {
		c.ensureStarted(id)
	}
}

// pause stops a process until others have taken over its sagas, which takes
// longer than its lease.
func (c *chaos) pause() {
	p := c.pick()
	c.silence(p, "paused", syscall.SIGSTOP)
	require.NoError(c.t, p.cmd.Process.Signal(syscall.SIGCONT))
}

// cut cuts about half of the connections of all processes, several times.
func (c *chaos) cut() {
	for range 5 {
		var cut, events int
		require.NoError(c.t, c.pool.QueryRow(c.ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name LIKE 'chaos-%' AND random() < 0.5`).Scan(&cut))
		require.NoError(c.t, c.pool.QueryRow(c.ctx, "SELECT count(*) FROM chaos.event").Scan(&events))
		c.await("sagas make progress, or all are final", `
			SELECT count(*) + CASE WHEN EXISTS (SELECT FROM saga.saga_record WHERE state < 5) THEN 0 ELSE 20 END
			FROM chaos.event`, events+20)
	}
}

// crash crashes the server, and starts it again.
func (c *chaos) crash() {
	require.NoError(c.t, c.server.Stop("QUIT"))
	require.NoError(c.t, c.server.Restart())
	c.pool.Reset()
}

// stop makes the processes shut down in an orderly way. A race that the race
// detector found in one makes it fail here.
func (c *chaos) stop() {
	for _, p := range c.processes {
		require.NoError(c.t, p.stdin.Close())
	}
	for _, p := range c.processes {
		require.NoError(c.t, p.cmd.Wait(), "process %s: %s", p.name, tail(p.stderr.Bytes(), 20))
	}
}
