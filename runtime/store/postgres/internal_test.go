package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// Frequent statements must not read all sagas, most of which finished long ago,
// whether or not the server has analyzed the tables since they grew.
func TestStatementsReadNoFinishedSagas(t *testing.T) {
	pool, schema := newExplainer(t), pgtest.Schema(t)
	s, err := Open(t.Context(), pool.Pool, Config{Schema: schema})
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `
		LOAD 'auto_explain'; SET auto_explain.log_level = notice; SET auto_explain.log_nested_statements = on`)
	require.NoError(t, err)
	exec := func(text string) {
		_, err := pool.Exec(t.Context(), strings.ReplaceAll(text, "$schema", schema))
		require.NoError(t, err)
	}
	exec(`ALTER TABLE $schema.saga_record SET (autovacuum_enabled = off);
		ALTER TABLE $schema.saga_creation SET (autovacuum_enabled = off);
		ALTER TABLE $schema.saga_log SET (autovacuum_enabled = off)`)
	events := []engine.Event{{Seq: 0, Kind: engine.EventStarted}, {Seq: 1, Kind: engine.EventSucceeded}}
	shared := newSharedDAG([]byte("{}"))
	require.NoError(t, s.insertDAG(t.Context(), shared))
	create := func() *entry {
		n := runningSaga(saga.NewID())
		n.Events = events
		return newCreate(n, shared)
	}
	var appends, both []*entry
	for range 50 {
		appends = append(appends, newAppend(store.Append{ID: saga.NewID(), State: 2, Generation: 1, Events: events}))
		both = append(both, create())
	}
	both = append(both, appends...)
	// The functions make their plans while the tables are small and analyzed.
	for _, batch := range [][]*entry{appends, both, appends[:1], both[:1]} {
		exec("ANALYZE $schema.saga_record, $schema.saga_creation, $schema.saga_log")
		conn, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		_, err = s.commit(t.Context(), conn, batch)
		require.NoError(t, err)
		conn.Release()
	}
	both = nil
	for range 50 {
		both = append(both, create())
	}
	both = append(both, appends...)
	const finished = 200_000
	exec(strings.ReplaceAll(`
		INSERT INTO $schema.saga_record
			SELECT md5(i::text)::uuid, 'book-trip', CASE i % 2000 WHEN 0 THEN 2 ELSE 5 END, '', 'owner' || i % 7, 1,
				i % 8000 = 0, 2, now() + interval '1 day', now(), now()
			FROM generate_series(1, $n) AS i;
		INSERT INTO $schema.saga_creation
			SELECT id, NULL, sha256('{}'), NULL, 1, 'x' FROM $schema.saga_record ON CONFLICT DO NOTHING;
		INSERT INTO $schema.saga_log SELECT id, 1, 1, 'x' FROM $schema.saga_record`,
		"$n", fmt.Sprint(finished)))
	var deletes []*entry
	ids, err := pool.Query(t.Context(), "SELECT id FROM "+schema+".saga_record WHERE state = 5 LIMIT 50")
	require.NoError(t, err)
	for ids.Next() {
		var id [16]byte
		require.NoError(t, ids.Scan(&id))
		deletes = append(deletes, newDelete(id))
	}
	require.Len(t, deletes, 50)
	var running [16]byte
	require.NoError(t, pool.QueryRow(t.Context(),
		"SELECT id FROM "+schema+".saga_record WHERE state = 2 AND next_seq = 2 LIMIT 1").Scan(&running))
	two := []engine.Event{{Seq: 2, Kind: engine.EventStarted}, {Seq: 3, Kind: engine.EventSucceeded}}
	one := newAppend(store.Append{ID: running, State: 2, Generation: 1, Seq: 2, Events: two})
	fifty := make([]saga.ID, len(deletes))
	for i, e := range deletes {
		fifty[i] = e.id
	}
	type statement struct {
		text string
		args []any
	}
	built := func(text string, args []any) statement { return statement{text, args} }
	list := func(q saga.Query) statement {
		text, args := s.stmts.listQuery(q)
		return statement{text, args}
	}
	page := func(states ...saga.State) statement {
		return list(saga.Query{Limit: 100, States: states, After: saga.ID{15: 1}})
	}
	indexes := map[string]string{
		"claim": "saga_record_unfinished", "claim except 50": "hashed SubPlan", "release": "saga_record_pkey",
		"list notified": "saga_record_notified", "list notified page": "saga_record_notified",
		"list running": "saga_record_state", "list running or stuck": "saga_record_state",
		"50 deletes": "Tid Scan on saga_log", "50 logs": "saga_log_pkey", "events": "saga_log_pkey",
		"delete unused DAGs": "saga_creation_dag_digest",
		"one append":         "Tid Scan on saga_record", "50 appends": "Tid Scan on saga_record",
		"one append to nothing": "saga_record_pkey",
	}
	noIDs, fiftyIDs, size := uuids(nil), uuids(fifty), int64(1<<20)
	oneID := uuids([]saga.ID{saga.NewID()})
	statements := map[string]statement{
		"one append":             built(s.oneStatement(one)),
		"one append to nothing":  built(s.oneStatement(appends[0])),
		"one create":             built(s.oneStatement(both[0])),
		"50 appends":             built(s.batchStatement(appends)),
		"50 creates and appends": built(s.batchStatement(both)),
		"claim":                  {s.stmts.claim, []any{"me", int64(1), int64(100), size, "", false, noIDs}},
		"claim except 50":        {s.stmts.claim, []any{"me", int64(1), int64(100), size, "", false, fiftyIDs}},
		"claim one":              {s.stmts.claimIDs, []any{"me", int64(1), int64(1), size, "", false, noIDs, oneID}},
		"release":                {s.stmts.release, []any{uuid(saga.NewID()), int64(1), s.channel}},
		"delete one":             built(s.deleteStatement(deletes[:1])),
		"50 deletes":             built(s.deleteStatement(deletes)),
		"list all":               page(),
		"list succeeded":         page(saga.StateSucceeded),
		"list running":           page(saga.StateRunning),
		"list running or stuck":  page(saga.StateRunning, saga.StateStuck),
		"list notified":          list(saga.Query{Owner: "owner1", Notified: true}),
		"list notified page":     list(saga.Query{Owner: "owner1", Notified: true, Limit: 1}),
		"list final":             page(saga.StateSucceeded, saga.StateFailed, saga.StateAbandoned),
		"load":                   {s.stmts.load, []any{uuid(saga.NewID())}},
		"events":                 {s.stmts.events, []any{uuid(saga.NewID()), int64(0), int64(100)}},
		"50 logs":                {s.stmts.logs, []any{uuids(fifty)}},
		"delete unused DAGs":     {s.stmts.deleteUnusedDAGs, nil},
	}
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			exec("ANALYZE $schema.saga_record, $schema.saga_creation, $schema.saga_log")
		}
		for name, statement := range statements {
			t.Run(fmt.Sprintf("%s, analyzed %v", name, analyzed), func(t *testing.T) {
				plan := pool.explain(t, statement.text, append([]any{s.mode}, statement.args...)...)
				lines := strings.Split(plan, "\n")
				for _, table := range []string{"record", "creation", "log"} {
					assert.NotContains(t, plan, "Seq Scan on saga_"+table, plan)
				}
				assert.Contains(t, plan, indexes[name])
				assert.NotContains(t, plan, "JIT:", "compilation takes longer than any statement")
				removed := 0
				for _, line := range lines {
					var n int
					if _, err := fmt.Sscanf(strings.TrimSpace(line), "Rows Removed by Filter: %d", &n); err == nil {
						removed += n
					}
				}
				assert.LessOrEqual(t, removed, finished/2000, plan)
			})
		}
	}
}

// Coordinators claim often, while many sagas may be owned by others or wait to
// be claimed.
func TestClaimReadsNoLeasedSagasAndNoMoreThanItClaims(t *testing.T) {
	pool, schema := newExplainer(t), pgtest.Schema(t)
	s, err := Open(t.Context(), pool.Pool, Config{Schema: schema})
	require.NoError(t, err)
	_, err = s.Claim(t.Context(), store.Claim{Owner: "me"}) // its plan is made while the tables are small
	require.NoError(t, err)
	const each = 20_000
	replacer := strings.NewReplacer("$schema", schema, "$n", fmt.Sprint(each))
	_, err = pool.Exec(t.Context(), replacer.Replace(`
		ALTER TABLE $schema.saga_record SET (autovacuum_enabled = off);
		INSERT INTO $schema.saga_record
			SELECT md5('leased' || i)::uuid, 'a', 2, 'leased', 'owner' || i % 7, 2, false, 2, now(), now(), now()
			FROM generate_series(1, $n) AS i;
		INSERT INTO $schema.saga_record
			SELECT md5('unowned' || i)::uuid, 'a', 1, 'unowned', '', 1, false, 0, '-infinity', now(), now()
			FROM generate_series(1, $n) AS i;
		INSERT INTO $schema.saga_record
			SELECT md5('expired' || i)::uuid, 'a', 2, 'expired', 'gone' || i % 3, 2, false, 2, '-infinity', now(), now()
			FROM generate_series(1, $n) AS i;
		INSERT INTO $schema.saga_creation SELECT id, 'x', NULL, NULL, 0 FROM $schema.saga_record`))
	require.NoError(t, err)
	for owner := range 7 {
		require.NoError(t, s.Renew(t.Context(), fmt.Sprintf("owner%d", owner), time.Hour))
	}
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			_, err := pool.Exec(t.Context(), replacer.Replace(
				"ANALYZE $schema.saga_record, $schema.saga_creation, $schema.saga_lease"))
			require.NoError(t, err)
		}
		for queue, limit := range map[string]struct{ claimed, pages int }{
			"leased": {0, 100}, "unowned": {10, 500}, "expired": {10, 3000},
		} {
			t.Run(fmt.Sprintf("%s, analyzed %v", queue, analyzed), func(t *testing.T) {
				plan := pool.explain(t, s.stmts.claim,
					s.mode, "me", int64(1), int64(10), int64(1<<20), queue, false, uuids(nil))
				assert.Contains(t, plan, fmt.Sprintf("(actual rows=%d loops=1)", limit.claimed), plan)
				lines := strings.Split(plan, "\n")
				isBuffers := func(line string) bool { return strings.HasPrefix(line, "  Buffers: ") }
				buffers := strings.TrimSpace(lines[slices.IndexFunc(lines, isBuffers)])
				var pages int
				_, err = fmt.Sscanf(buffers, "Buffers: shared hit=%d", &pages)
				require.NoError(t, err, buffers)
				assert.Less(t, pages, limit.pages, plan)
				assert.NotContains(t, plan, "Seq Scan on saga_record", plan)
			})
		}
	}
}

// explainer is a pool of one connection that collects the plans of its
// statements.
type explainer struct {
	*pgxpool.Pool
	plans []string
}

func newExplainer(t *testing.T) *explainer {
	e := new(explainer)
	e.Pool = pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { e.plans = append(e.plans, n.Message) }
	})
	_, err := e.Exec(t.Context(), `
		LOAD 'auto_explain'; SET auto_explain.log_level = notice; SET auto_explain.log_nested_statements = on;
		SET auto_explain.log_analyze = on; SET auto_explain.log_buffers = on; SET auto_explain.log_timing = off`)
	require.NoError(t, err)
	return e
}

// explain runs a statement and rolls it back. It returns the plans of the
// functions that the statement has called, and then its own.
func (e *explainer) explain(t *testing.T, text string, args ...any) string {
	tx, err := e.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(t.Context(), "SET LOCAL auto_explain.log_min_duration = 0")
	require.NoError(t, err)
	e.plans = nil
	rows, err := tx.Query(t.Context(), text, args...)
	require.NoError(t, err)
	rows.Close()
	require.NoError(t, rows.Err())
	_, err = tx.Exec(t.Context(), "SELECT 'the previous statement is complete'")
	require.NoError(t, err)
	require.NotEmpty(t, e.plans)
	return strings.Join(e.plans, "\n")
}
