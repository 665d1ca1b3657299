//go:build unix

package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

// The pooler is PgBouncer in transaction mode. Its two server connections serve
// the statements of many clients.
func TestStoreWorksBehindAPoolerInTransactionMode(t *testing.T) {
	bouncer, err := exec.LookPath("pgbouncer")
	if err != nil {
		const message = "no pgbouncer in PATH: install it to run this test (Debian: apt-get install pgbouncer)"
		if os.Getenv("CI") == "true" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	server, err := pgx.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	folder, err := os.MkdirTemp("", "pg") // short, since the path of a socket is limited
	require.NoError(t, err)
	defer os.RemoveAll(folder)
	require.NoError(t, os.Chmod(folder, 0o777)) // PgBouncer doesn't run as root
	password := ""
	if server.Password != "" {
		password = " password=" + server.Password
	}
	config := filepath.Join(folder, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `[databases]
* = host=%s port=%d user=%s%s
[pgbouncer]
listen_addr =
unix_socket_dir = %s
auth_type = any
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits
`, server.Host, server.Port, server.User, password, folder), 0o644))
	args := []string{config}
	if os.Getuid() == 0 {
		args = []string{"-u", socketOwner(t, server.Host), config}
	}
	cmd := exec.Command(bouncer, args...)
	cmd.Stderr = t.Output()
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	pooler := fmt.Sprintf("postgres://%s@:6432/%s?host=%s",
		url.PathEscape(server.User), url.PathEscape(server.Database), url.QueryEscape(folder))
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), pooler)
		if err == nil {
			_ = conn.Close(t.Context())
		}
		return err == nil
	}, 30*time.Second, 20*time.Millisecond)

	t.Run("watch", func(t *testing.T) { watchBehindPooler(t, pooler) })
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			schema := pgtest.Schema(t)
			var stores []store.Store
			for range 3 {
				pool := pgtest.Pool(t, pooler, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
				stores = append(stores, openStore(t, pool, schema))
			}
			var all sync.WaitGroup
			for i := range 12 {
				all.Go(func() { assert.NoError(t, runLifecycle(t.Context(), stores[i%3])) })
			}
			all.Wait()
		})
	}
}

// watchBehindPooler watches a store whose pool connects to a pooler.
func watchBehindPooler(t *testing.T, pooler string) {
	pool := pgtest.Pool(t, pooler)
	s := openStore(t, pool, pgtest.Schema(t))
	err := s.Watch(t.Context(), func() { assert.Fail(t, "woken") })
	require.ErrorContains(t, err, "a pooler is between the program and the server")
	require.ErrorContains(t, err, "set Config.Listen")

	direct, err := pgx.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	storetest.Test(t, func(t *testing.T) storetest.Opener {
		schema := pgtest.Schema(t)
		return func(t *testing.T) store.Store {
			s, err := postgres.Open(t.Context(), pool, postgres.Config{Schema: schema, Listen: direct})
			require.NoError(t, err)
			return s
		}
	}, storetest.Options{})
}

// socketOwner returns the name of the user that may enter the folder of the
// server's socket.
func socketOwner(t *testing.T, folder string) string {
	info, err := os.Stat(folder)
	if err != nil { // a host, not a folder
		return "nobody"
	}
	u, err := user.LookupId(strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Uid)))
	require.NoError(t, err)
	return u.Username
}

// runLifecycle creates a saga, appends to it until it is final, and deletes it.
func runLifecycle(ctx context.Context, s store.Store) error {
	n := newSaga()
	if err := s.Create(ctx, n); err != nil {
		return err
	}
	for i := range uint64(20) {
		if err := s.Append(ctx, next(n.ID, 3*i, 3)); err != nil {
			return err
		}
		if r, err := s.Load(ctx, n.ID); err != nil || r.NextSeq != 3*i+3 {
			return fmt.Errorf("loaded event %d, want %d: %w", r.NextSeq, 3*i+3, err)
		}
	}
	end := next(n.ID, 60, 1)
	end.State = 5
	if err := s.Append(ctx, end); err != nil {
		return err
	}
	return s.Delete(ctx, n.ID)
}
