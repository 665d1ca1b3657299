package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// Commits that notify wait for one another, so frequent calls must not notify.
func TestOnlyUnownedSagasAndNotifyingAppendsNotify(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s, err := Open(t.Context(), pool, Config{Schema: schema})
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), pgtest.URL(t))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "LISTEN "+s.channel+"; LISTEN mark")
	require.NoError(t, err)
	// notified returns the number of notifications since its last call.
	notified := func() (n int) {
		_, err := pool.Exec(t.Context(), "NOTIFY mark")
		require.NoError(t, err)
		for {
			notification, err := conn.WaitForNotification(t.Context())
			require.NoError(t, err)
			if notification.Channel == "mark" {
				return n
			}
			assert.Equal(t, s.channel, notification.Channel)
			n++
		}
	}
	ctx := t.Context()
	owned := store.NewSaga{ID: saga.NewID(), Name: "a", DAG: []byte("{}"), State: saga.StateCreated, Owner: "alice"}
	unowned := owned
	unowned.ID, unowned.Owner = saga.NewID(), ""
	start := store.Append{
		ID: owned.ID, Generation: 1, State: saga.StateRunning, Events: []engine.Event{{Kind: engine.EventStarted}},
	}
	notify := store.Append{ID: owned.ID, Generation: 1, Seq: 1, State: saga.StateRunning, Notify: true}

	require.NoError(t, s.Create(ctx, owned))
	require.NoError(t, s.Append(ctx, start))
	assert.Zero(t, notified(), "appends of the owner")
	require.NoError(t, s.Create(ctx, unowned))
	assert.Equal(t, 1, notified(), "a saga without an owner")
	require.NoError(t, s.Append(ctx, notify))
	assert.Equal(t, 1, notified(), "a notifying append")
	require.NoError(t, s.Append(ctx, notify))
	assert.Equal(t, 1, notified(), "another notifying append")

	require.ErrorIs(t, s.Create(ctx, unowned), store.ErrExists)
	notify.Seq = 5
	require.ErrorIs(t, s.Append(ctx, notify), store.ErrSequence)
	notify.Generation = 5
	require.ErrorIs(t, s.Append(ctx, notify), store.ErrFenced)
	notify.ID = saga.NewID()
	require.ErrorIs(t, s.Append(ctx, notify), store.ErrNotFound)
	claimed, err := s.Claim(ctx, store.Claim{Owner: "bob"})
	require.NoError(t, err)
	require.Len(t, claimed, 2)
	require.NoError(t, s.Renew(ctx, "bob", time.Hour))
	require.NoError(t, s.Append(ctx, store.Append{ID: unowned.ID, Generation: 2, State: saga.StateFailed}))
	require.ErrorIs(t, s.Release(ctx, owned.ID, 1), store.ErrFenced)
	require.NoError(t, s.Release(ctx, unowned.ID, 2)) // it is final
	require.NoError(t, s.Delete(ctx, unowned.ID))
	require.ErrorIs(t, s.Release(ctx, unowned.ID, 2), store.ErrNotFound)
	assert.Zero(t, notified(), "errors, and all other calls")
	require.NoError(t, s.Release(ctx, owned.ID, 2))
	assert.Equal(t, 1, notified(), "a release")

	other, err := Open(ctx, pool, Config{Schema: pgtest.Schema(t)})
	require.NoError(t, err)
	require.NoError(t, other.Create(ctx, unowned))
	assert.Zero(t, notified(), "another schema")
}

func TestWatchEndsWithItsConnectionAndMayBeCalledAgain(t *testing.T) {
	schema := pgtest.Schema(t)
	refused := errors.New("the pool's hook")
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.ConnConfig.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) {}
		c.BeforeConnect = func(ctx context.Context, config *pgx.ConnConfig) error {
			config.RuntimeParams["application_name"] = schema
			err, _ := ctx.Value(hookKey{}).(error)
			return err
		}
	})
	s, err := Open(t.Context(), pool, Config{Schema: schema})
	require.NoError(t, err)
	own, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer own.Release()
	for range 2 {
		woken, ended := make(chan struct{}), make(chan error)
		go func() { ended <- s.Watch(t.Context(), func() { woken <- struct{}{} }) }()
		<-woken // on a connection that is not the only one of the pool
		var cut int
		require.NoError(t, own.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name = $1 AND pid <> pg_backend_pid() AND query LIKE 'LISTEN %'`, schema).Scan(&cut))
		assert.Equal(t, 1, cut)
		err := <-ended
		require.ErrorContains(t, err, "postgres store: watch: ")
		require.ErrorContains(t, err, "terminating connection")
	}
	require.ErrorIs(t, s.Watch(context.WithValue(t.Context(), hookKey{}, refused), nil), refused)
}

// hookKey is the context key of the error that BeforeConnect returns.
type hookKey struct{}

// Watch pings an idle connection and continues to listen.
func TestWatchPingsAnIdleConnection(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.URL(t))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "LISTEN quiet")
	require.NoError(t, err)
	began := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- awaitNotification(t.Context(), conn, time.Millisecond) }()
	admin := pgtest.Pool(t, pgtest.URL(t))
	pinged := func() (pinged bool) {
		require.NoError(t, admin.QueryRow(t.Context(), `
			SELECT state_change > $2 AND query NOT LIKE 'LISTEN%' FROM pg_stat_activity WHERE pid = $1`,
			conn.PgConn().PID(), began).Scan(&pinged))
		return pinged
	}
	require.Eventually(t, pinged, 30*time.Second, 5*time.Millisecond)
	_, err = admin.Exec(t.Context(), "NOTIFY quiet")
	require.NoError(t, err)
	require.NoError(t, <-ended)
}
