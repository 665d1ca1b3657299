package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnectionIsHeldForAWhileAndNoLonger(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "saga.db"))
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	var h holding
	first, err := h.get(t.Context(), db, true)
	require.NoError(t, err)
	h.since = time.Now().Add(time.Hour) // it is just taken, however slow the machine is
	again, err := h.get(t.Context(), db, true)
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
	taken := make(chan error)
	go func() {
		_, err := h.get(t.Context(), db, true)
		taken <- err
	}()
	conn := <-other // before the lane has it again
	select {
	case <-taken:
		assert.Fail(t, "both have it")
	case <-time.After(10 * time.Millisecond):
	}
	require.NoError(t, conn.Close())
	require.NoError(t, <-taken)
	h.giveBack()
	h.giveBack()
	assert.Zero(t, db.Stats().InUse)
}
