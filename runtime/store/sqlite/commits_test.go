package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	modernc "modernc.org/sqlite"

	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// commits counts the transactions that have written, on all connections of a
// pool.
type commits struct {
	driver.Connector
	atomic.Int64
	// veto is called before a commit, which fails if it returns true.
	veto atomic.Pointer[func() bool]
}

// openCounted opens a file as openDB does, and counts the commits.
func openCounted(t testing.TB, file string, limit int) (*sql.DB, *commits) {
	t.Helper()
	connector, err := modernc.NewConnector("file:" + file + "?_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	require.NoError(t, err)
	c := &commits{Connector: connector}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(limit)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db, c
}

// Connect implements driver.Connector.
func (c *commits) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn.(modernc.HookRegisterer).RegisterCommitHook(func() int32 {
		if veto := c.veto.Load(); veto != nil && (*veto)() {
			return 1
		}
		c.Add(1)
		return 0
	})
	return conn, nil
}

// vetoWith lets veto decide about all commits from now on; nil permits them
// all.
func (c *commits) vetoWith(veto func() bool) {
	if veto == nil {
		c.veto.Store(nil)
		return
	}
	c.veto.Store(&veto)
}

// held is a store on a pool of one connection. While the test holds the
// connection, writes wait.
type held struct {
	*sqlite.Store
	file    string
	db      *sql.DB
	commits *commits
	conn    *sql.Conn
}

// openHeld opens a new store.
func openHeld(t *testing.T) *held {
	file := newFile(t)
	db, counted := openCounted(t, file, 1)
	return &held{Store: openStore(t, db), file: file, db: db, commits: counted}
}

// hold makes all writes wait until release, and starts to count the commits.
func (h *held) hold(t *testing.T) {
	t.Helper()
	conn, err := h.db.Conn(t.Context())
	require.NoError(t, err)
	h.conn = conn
	h.commits.Store(0)
}

func (h *held) release(t *testing.T) {
	t.Helper()
	require.NoError(t, h.conn.Close())
}

// begin calls a method of the store in a goroutine, and returns when its write
// waits.
func (h *held) begin(t *testing.T, call func() error) <-chan error {
	t.Helper()
	before := h.Waiting()
	result := make(chan error, 1)
	go func() { result <- call() }()
	h.requireWaiting(t, before+1)
	return result
}

func (h *held) requireWaiting(t *testing.T, n int) {
	t.Helper()
	waiting := func() bool { return h.Waiting() == n }
	require.Eventually(t, waiting, 30*time.Second, 100*time.Microsecond, "%d writes wait", n)
}
