package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnectionIsHeldForMaxHoldOnly(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "saga.db"))
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	h := heldConn{db: db, writes: true}
	first, err := h.get(t.Context())
	require.NoError(t, err)
	h.since = time.Now().Add(time.Hour) // so that maxHold isn't over, however slow the machine is
	again, err := h.get(t.Context())
	require.NoError(t, err)
	assert.Same(t, first, again)

	other := make(chan *sql.Conn)
	go func() {
		conn, err := db.Conn(t.Context())
		assert.NoError(t, err)
		other <- conn
	}()
	require.Eventually(t, func() bool { return db.Stats().WaitCount == 1 }, time.Minute, time.Millisecond)
	h.since = time.Now().Add(-maxHold)
	regained := make(chan error)
	go func() {
		_, err := h.get(t.Context())
		regained <- err
	}()
	conn := <-other // the program gets it first
	select {
	case <-regained:
		assert.Fail(t, "two holders of the only connection")
	case <-time.After(10 * time.Millisecond):
	}
	require.NoError(t, conn.Close())
	require.NoError(t, <-regained)
	h.release()
	h.release()
	assert.Zero(t, db.Stats().InUse)
}
