package postgres_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// The cost of a step for the server is counted in statements and waits for the
// disk. These counts are the same on any machine, except that they depend on
// how many sagas happen to write at the same time.
func TestStepCostsAFractionOfAStatementAndOfASync(t *testing.T) {
	server := pgtest.Start(t, "autovacuum = off")
	admin := pgtest.Pool(t, server.URL)
	r := saga.NewRegistry()
	r.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, string]{
		Name: "noop",
		Do:   func(saga.ActionContext, saga.None) (string, error) { return "done", nil },
		Undo: func(saga.ActionContext, saga.None, string) error { return nil },
	}))
	for _, limit := range []struct {
		clients, sagas    int
		statements, syncs float64 // per step
	}{{1, 200, 1.5, 1.5}, {64, 2000, 0.5, 0.1}} {
		tracer := new(statementCounter)
		pool := pgtest.Pool(t, server.URL, func(c *pgxpool.Config) {
			c.ConnConfig.Tracer = tracer
			c.ConnConfig.RuntimeParams["application_name"] = t.Name()
		})
		before := syncs(t, admin)
		c, err := sec.New(sec.Config{
			Store: openStore(t, pool, "saga"), Registry: r, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		runTrips(t, c, limit.clients, limit.sagas)
		require.NoError(t, c.Stop(t.Context()))
		pool.Close()
		waitForStatistics(t, admin, t.Name())
		steps := float64(limit.sagas * len(tripNodes))
		statements, synced := float64(tracer.statements.Load())/steps, float64(syncs(t, admin)-before)/steps
		t.Logf("%d clients: %.3f statements and %.3f syncs per step", limit.clients, statements, synced)
		assert.LessOrEqual(t, statements, limit.statements, "%d clients", limit.clients)
		assert.LessOrEqual(t, synced, limit.syncs, "%d clients", limit.clients)
		assert.Positive(t, synced)
	}
}

// runTrips runs n trips with several clients, each of which runs one at a time.
func runTrips(t *testing.T, c *sec.Coordinator, clients, n int) {
	var all sync.WaitGroup
	var begun atomic.Int64
	for range clients {
		all.Go(func() {
			for begun.Add(1) <= int64(n) {
				id := saga.NewID()
				dag, err := tripDAG("noop", nil)
				if !assert.NoError(t, err) || !assert.NoError(t, c.CreateAndStart(t.Context(), id, dag)) {
					return
				}
				if _, err := c.Wait(t.Context(), id); !assert.NoError(t, err) {
					return
				}
			}
		})
	}
	all.Wait()
}

// syncs returns the number of times that the server has synced its log.
func syncs(t *testing.T, pool *pgxpool.Pool) (n int64) {
	t.Helper()
	var version int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int").Scan(&version))
	text := "SELECT wal_sync FROM pg_stat_wal"
	if version >= 180_000 {
		text = "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'"
	}
	require.NoError(t, pool.QueryRow(t.Context(), text).Scan(&n))
	return n
}

// statementCounter counts the statements of a pool.
type statementCounter struct{ statements atomic.Int64 }

func (c *statementCounter) TraceQueryStart(
	ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData,
) context.Context {
	c.statements.Add(1)
	return ctx
}

func (c *statementCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
