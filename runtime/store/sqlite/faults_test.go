package sqlite_test

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

func TestFullDiskIsAnErrorAndLosesNothing(t *testing.T) {
	db := openDB(t, newFile(t), 1)
	s := openStore(t, db)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	_, err := db.Exec("PRAGMA max_page_count = 40")
	require.NoError(t, err)
	var kept uint64
	for {
		a := next(n.ID, kept, 100)
		if err = s.Append(t.Context(), a); err != nil {
			break
		}
		kept += 100
	}
	require.ErrorContains(t, err, "append to saga "+n.ID.String())
	require.ErrorContains(t, err, "database or disk is full")
	require.Positive(t, kept)
	requireLog(t, s, n.ID, kept)

	_, err = db.Exec("PRAGMA max_page_count = 4000")
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), next(n.ID, kept, 100)))
	requireLog(t, s, n.ID, kept+100)
}

func TestCallsWaitForALockedDatabaseUntilTheirContextsEnd(t *testing.T) {
	for name, parameter := range map[string]string{
		"no busy_timeout": "_pragma=busy_timeout(0)", "a long busy_timeout": "_pragma=busy_timeout(600000)",
	} {
		t.Run(name, func(t *testing.T) {
			file := newFile(t)
			s := openStore(t, openDB(t, file, 0, parameter))
			n := newSaga()
			require.NoError(t, s.Create(t.Context(), n))

			other, err := openDB(t, file, 1).Conn(t.Context())
			require.NoError(t, err)
			defer other.Close()
			_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
			require.NoError(t, err)

			short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			began := time.Now()
			err = s.Append(short, next(n.ID, 0, 1))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "while waiting")
			assert.Less(t, time.Since(began), 10*time.Second)
			requireLog(t, s, n.ID, 0) // readers don't wait

			waiting := make(chan error)
			go func() { waiting <- s.Create(t.Context(), newSaga()) }()
			_, err = other.ExecContext(t.Context(), "ROLLBACK")
			require.NoError(t, err)
			require.NoError(t, <-waiting)
		})
	}
}

func TestCorruptFileIsAnError(t *testing.T) {
	file := newFile(t)
	db := openDB(t, file, 1)
	s := openStore(t, db)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	require.NoError(t, s.Append(t.Context(), next(n.ID, 0, 1000)))
	require.NoError(t, db.Close()) // which moves the WAL into the file

	content, err := os.ReadFile(file)
	require.NoError(t, err)
	const page = 4096
	require.Greater(t, len(content), 8*page)
	copy(content[2*page:], bytes.Repeat([]byte("garbage!"), (len(content)-2*page)/8))
	require.NoError(t, os.WriteFile(file, content, 0o600))

	s, err = sqlite.Open(t.Context(), openDB(t, file, 1))
	if err == nil {
		err = s.Append(t.Context(), next(n.ID, 1000, 1))
	}
	require.ErrorContains(t, err, "sqlite store: ")
	require.ErrorContains(t, err, "malformed")
}

func TestClosedDatabaseIsAnError(t *testing.T) {
	db := openDB(t, newFile(t), 1)
	s := openStore(t, db)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	require.NoError(t, db.Close())
	require.ErrorContains(t, s.Append(t.Context(), next(n.ID, 0, 1)), "database is closed")
	_, err := s.Load(t.Context(), n.ID)
	require.ErrorContains(t, err, "database is closed")
	_, err = sqlite.Open(t.Context(), db)
	require.ErrorContains(t, err, "database is closed")
}
