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
	"github.com/sagagen/sagagen/runtime/store"
)

// A commit that notifies waits for all others that do, so what happens often must not.
func TestOnlyWhatNobodyOwnsAndCallsNotify(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s, err := Open(t.Context(), pool, Config{Schema: schema})
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), pgtest.URL(t))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "LISTEN "+s.channel+"; LISTEN mark")
	require.NoError(t, err)
	// notified returns how many notifications have come since the last call.
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
	nobodys := owned
	nobodys.ID, nobodys.Owner = saga.NewID(), ""
	start := store.Append{ID: owned.ID, Generation: 1, State: saga.StateRunning, Events: []saga.Event{{Kind: saga.EventStarted}}}
	call := store.Append{ID: owned.ID, Generation: 1, Seq: 1, State: saga.StateRunning, Notify: true}

	require.NoError(t, s.Create(ctx, owned))
	require.NoError(t, s.Append(ctx, start))
	assert.Zero(t, notified(), "what the owner does")
	require.NoError(t, s.Create(ctx, nobodys))
	assert.Equal(t, 1, notified(), "a saga without an owner")
	require.NoError(t, s.Append(ctx, call))
	assert.Equal(t, 1, notified(), "a call")
	require.NoError(t, s.Append(ctx, call))
	assert.Equal(t, 1, notified(), "a call again")

	require.ErrorIs(t, s.Create(ctx, nobodys), store.ErrExists)
	call.Seq = 5
	require.ErrorIs(t, s.Append(ctx, call), store.ErrSequence)
	call.Generation = 5
	require.ErrorIs(t, s.Append(ctx, call), store.ErrFenced)
	call.ID = saga.NewID()
	require.ErrorIs(t, s.Append(ctx, call), store.ErrNotFound)
	claimed, err := s.Claim(ctx, store.Claim{Owner: "bob"})
	require.NoError(t, err)
	require.Len(t, claimed, 2)
	require.NoError(t, s.Renew(ctx, "bob", time.Hour))
	require.NoError(t, s.Append(ctx, store.Append{ID: nobodys.ID, Generation: 2, State: saga.StateFailed}))
	require.ErrorIs(t, s.Release(ctx, owned.ID, 1), store.ErrFenced)
	require.NoError(t, s.Release(ctx, nobodys.ID, 2)) // it is final
	require.NoError(t, s.Delete(ctx, nobodys.ID))
	require.ErrorIs(t, s.Release(ctx, nobodys.ID, 2), store.ErrNotFound)
	assert.Zero(t, notified(), "what is refused, and all else")
	require.NoError(t, s.Release(ctx, owned.ID, 2))
	assert.Equal(t, 1, notified(), "a release")

	other, err := Open(ctx, pool, Config{Schema: pgtest.Schema(t)})
	require.NoError(t, err)
	require.NoError(t, other.Create(ctx, nobodys))
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
		<-woken // with a connection beside the pool's only one
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

// hookKey is for the error that a context has for BeforeConnect.
type hookKey struct{}

// An idle connection is asked whether it is still one, and goes on.
func TestWatchOutlivesQuietTimes(t *testing.T) {
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
		require.NoError(t, admin.QueryRow(t.Context(), "SELECT state_change > $2 AND query NOT LIKE 'LISTEN%' FROM pg_stat_activity WHERE pid = $1",
			conn.PgConn().PID(), began).Scan(&pinged))
		return pinged
	}
	require.Eventually(t, pinged, 30*time.Second, 5*time.Millisecond)
	_, err = admin.Exec(t.Context(), "NOTIFY quiet")
	require.NoError(t, err)
	require.NoError(t, <-ended)
}
