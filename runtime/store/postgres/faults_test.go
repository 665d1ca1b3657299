package postgres_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
)

// appender appends to its own saga as a coordinator does: it retries failed
// appends.
type appender struct {
	id           saga.ID
	acknowledged uint64
	failed       int
}

// run appends until the context ends. It calls acknowledged after each
// successful append.
func (a *appender) run(ctx context.Context, t *testing.T, s store.Store, acknowledged func()) {
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := s.Append(short, next(a.id, a.acknowledged, 3))
		if errors.Is(err, store.ErrSequence) { // the previous append has succeeded after all
			var record saga.Record
			if record, err = s.Load(short, a.id); err == nil && !assert.Equal(t, a.acknowledged+3, record.NextSeq) {
				cancel()
				return
			}
		}
		cancel()
		switch {
		case err == nil:
			a.acknowledged += 3
			acknowledged()
		default:
			a.failed++
			assert.NotErrorIs(t, err, store.ErrFenced)
			assert.NotErrorIs(t, err, store.ErrNotFound)
			assert.ErrorContains(t, err, "postgres store: ")
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// disturb calls the disturbances while several appenders run, and requires that
// no acknowledged event is lost. It returns the number of failed appends.
func disturb(t *testing.T, s *postgres.Store, disturbances ...func()) (failed int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	appenders := make([]appender, 8)
	var acknowledged atomic.Int64
	var all sync.WaitGroup
	for i := range appenders {
		n := newSaga()
		require.NoError(t, s.Create(t.Context(), n))
		appenders[i].id = n.ID
		all.Go(func() { appenders[i].run(ctx, t, s, func() { acknowledged.Add(1) }) })
	}
	awaitProgress := func() {
		from := acknowledged.Load()
		require.Eventually(t, func() bool { return acknowledged.Load() >= from+50 }, time.Minute, time.Millisecond)
	}
	awaitProgress()
	for _, f := range disturbances {
		f()
		awaitProgress()
	}
	stop()
	all.Wait()
	for _, a := range appenders {
		requireLog(t, s, a.id, a.acknowledged)
		failed += a.failed
	}
	return failed
}

func TestKilledServerLosesNoAcknowledgedWrites(t *testing.T) {
	// With these settings, unflushed commits stay in the server's memory for a
	// while, and are lost with it.
	server := pgtest.Start(t, "wal_writer_delay = 10s", "bgwriter_lru_maxpages = 0")
	for name, settings := range map[string]func(*pgxpool.Config){
		"default settings":        func(*pgxpool.Config) {},
		"synchronous_commit: off": func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["synchronous_commit"] = "off" },
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, pgtest.Pool(t, server.URL, settings), "crash")
			crash := func(signal string) func() {
				return func() {
					require.NoError(t, server.Stop(signal))
					require.NoError(t, server.Restart())
				}
			}
			assert.Positive(t, disturb(t, s, crash("KILL"), crash("QUIT"), crash("KILL")))
		})
	}
}

// A commit that has returned is in the log on disk, whatever the settings of
// the connection.
func TestWritesAreDurableWhateverTheConnectionSettings(t *testing.T) {
	server := pgtest.Start(t, "wal_writer_delay = 10s", "autovacuum = off")
	pool := pgtest.Pool(t, server.URL, func(c *pgxpool.Config) { c.MaxConns = 1 })
	s := openStore(t, pool, "saga")
	flushed := func(f func()) bool {
		var before, after bool
		var at string
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT pg_current_wal_insert_lsn()").Scan(&at))
		f()
		require.NoError(t, pool.QueryRow(t.Context(), `
			SELECT pg_current_wal_insert_lsn() > $1::text::pg_lsn, pg_current_wal_flush_lsn() > $1::text::pg_lsn`,
			at).Scan(&before, &after))
		require.True(t, before, "something was written")
		return after
	}
	for _, setting := range []string{"off", "local", "on"} {
		_, err := pool.Exec(t.Context(), "SET synchronous_commit = "+setting)
		require.NoError(t, err)
		n := newSaga()
		n.Lease = 0
		last := next(n.ID, 3, 1)
		last.Generation, last.State = 2, saga.StateFailed
		for _, write := range []struct {
			name string
			call func() error
		}{
			{"create", func() error { return s.Create(t.Context(), n) }},
			{"append", func() error { return s.Append(t.Context(), next(n.ID, 0, 3)) }},
			{"renew", func() error { return s.Renew(t.Context(), n.Owner, 0) }},
			{"claim", func() error {
				_, err := s.Claim(t.Context(), store.Claim{Owner: "bob"})
				return err
			}},
			{"final append", func() error { return s.Append(t.Context(), last) }},
			{"delete", func() error { return s.Delete(t.Context(), n.ID) }},
		} {
			assert.True(t, flushed(func() { require.NoError(t, write.call()) }), "%s with %s", write.name, setting)
		}
		var now string
		require.NoError(t, pool.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&now))
		assert.Equal(t, setting, now, "the program's own setting doesn't change")
	}
	_, err := pool.Exec(t.Context(), "SET synchronous_commit = off; CREATE TABLE own (n int)")
	require.NoError(t, err)
	assert.False(t, flushed(func() {
		_, err := pool.Exec(t.Context(), "INSERT INTO own VALUES (1)")
		require.NoError(t, err)
	}), "other commits on the connection are not flushed")
}

func TestCutConnectionsLoseNothing(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["application_name"] = t.Name()
	})
	admin := pgtest.Pool(t, pgtest.URL(t))
	s := openStore(t, pool, pgtest.Schema(t))
	cut := func() {
		_, err := admin.Exec(t.Context(),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", t.Name())
		require.NoError(t, err)
	}
	var cuts []func()
	for range 20 {
		cuts = append(cuts, cut)
	}
	assert.Positive(t, disturb(t, s, cuts...))
}

func TestLockedRecordDelaysNoOtherSaga(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	schema := pgtest.Schema(t)
	s := openStore(t, pool, schema)
	locked, other := newSaga(), newSaga()
	require.NoError(t, s.Create(t.Context(), locked))
	require.NoError(t, s.Create(t.Context(), other))
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background()) // so that a failed test ends
	_, err = tx.Exec(t.Context(), "SELECT FROM "+schema+".saga_record WHERE id = $1 FOR UPDATE", [16]byte(locked.ID))
	require.NoError(t, err)

	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Append(short, next(locked.ID, 0, 3)), context.DeadlineExceeded)
	waiting := make(chan error)
	go func() { waiting <- s.Append(t.Context(), next(locked.ID, 0, 3)) }()
	for i := range uint64(20) {
		require.NoError(t, s.Append(t.Context(), next(other.ID, 3*i, 3)))
	}
	requireLog(t, s, locked.ID, 0)
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-waiting)
	requireLog(t, s, locked.ID, 3)
}

func TestStatementTimeoutIsAnErrorAndLosesNothing(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["statement_timeout"] = "100"
	})
	schema := pgtest.Schema(t)
	s := openStore(t, pgtest.Pool(t, pgtest.URL(t)), schema)
	hurried := openStore(t, pool, schema)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	tx, err := pgtest.Pool(t, pgtest.URL(t)).Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background()) // so that a failed test ends
	_, err = tx.Exec(t.Context(), "LOCK TABLE "+schema+".saga_log")
	require.NoError(t, err)
	err = hurried.Append(t.Context(), next(n.ID, 0, 3))
	require.ErrorContains(t, err, "postgres store: append to saga "+n.ID.String())
	require.ErrorContains(t, err, "statement timeout")
	require.NoError(t, tx.Rollback(t.Context()))
	requireLog(t, s, n.ID, 0)
	require.NoError(t, hurried.Append(t.Context(), next(n.ID, 0, 3)))
}

func TestReadOnlyDatabaseCanStillBeRead(t *testing.T) {
	schema := pgtest.Schema(t)
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) { c.MaxConns = 1 })
	s := openStore(t, pool, schema)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	// As if the server became read-only after Open.
	_, err := pool.Exec(t.Context(), "SET default_transaction_read_only = on")
	require.NoError(t, err)
	require.ErrorContains(t, s.Append(t.Context(), next(n.ID, 0, 3)), "read-only transaction")
	require.ErrorContains(t, s.Create(t.Context(), newSaga()), "read-only transaction")
	require.ErrorContains(t, s.Renew(t.Context(), "alice", 0), "read-only transaction")
	_, err = s.Claim(t.Context(), store.Claim{Owner: "bob"})
	require.ErrorContains(t, err, "read-only transaction")
	requireLog(t, s, n.ID, 0)
	_, err = pool.Exec(t.Context(), "SET default_transaction_read_only = off")
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), next(n.ID, 0, 3)))
}

func TestCallsWaitForAnExhaustedPoolUntilTheirContextsEnd(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) { c.MaxConns = 1 })
	s := openStore(t, pool, pgtest.Schema(t))
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	release := sync.OnceFunc(conn.Release)
	defer release() // so that a failed test ends

	short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	began := time.Now()
	require.ErrorIs(t, s.Append(short, next(n.ID, 0, 3)), context.DeadlineExceeded)
	_, err = s.Load(short, n.ID)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), 10*time.Second)

	waiting := make(chan error)
	go func() { waiting <- s.Append(t.Context(), next(n.ID, 0, 5)) }()
	release()
	require.NoError(t, <-waiting)
	requireLog(t, s, n.ID, 5) // and not those of the append whose context ended before it began
}

// A commit that hangs is canceled when all its callers have stopped waiting.
func TestAbandonedCommitIsCanceled(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s := openStore(t, pool, schema)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	release := occupyWriters(t, pgtest.Pool(t, pgtest.URL(t)), schema)
	defer release()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Append(short, next(n.ID, 0, 1)), context.DeadlineExceeded)
	require.Eventually(t, func() bool { return pool.Stat().AcquiredConns() == 0 }, 30*time.Second, 10*time.Millisecond)
}

func TestClosedPoolIsAnError(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	s := openStore(t, pool, pgtest.Schema(t))
	pool.Close()
	require.ErrorContains(t, s.Append(t.Context(), next(saga.NewID(), 0, 1)), "closed pool")
	_, err := s.Load(t.Context(), saga.NewID())
	require.ErrorContains(t, err, "closed pool")
	_, err = postgres.Open(t.Context(), pool, postgres.Config{})
	require.ErrorContains(t, err, "closed pool")
}

// The program and the store share a pool of any size, and neither waits forever
// for the other.
func TestStoreSharesThePool(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) { c.MaxConns = 1 })
	s := openStore(t, pool, pgtest.Schema(t))
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	done := make(chan error)
	go func() {
		for range 50 {
			if err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "SELECT 1")
				return err
			}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for i := range uint64(50) {
		require.NoError(t, s.Append(t.Context(), next(n.ID, i, 1)))
	}
	require.NoError(t, <-done)
	requireLog(t, s, n.ID, 50)
	idle := func() bool { return pool.Stat().AcquiredConns() == 0 }
	require.Eventually(t, idle, 30*time.Second, time.Millisecond, "an idle store holds no connection")
}
