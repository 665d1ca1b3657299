package sqlite_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program that closes the database after its last call, and copies the file,
// has a complete copy.
func TestConnectionIsReleasedBeforeTheLastCallReturns(t *testing.T) {
	db := openDB(t, newFile(t), 0)
	s := openStore(t, db)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	for i := range uint64(200) {
		require.NoError(t, s.Append(t.Context(), next(n.ID, i, 1)))
		require.Zero(t, db.Stats().InUse)
		_, err := s.Load(t.Context(), n.ID)
		require.NoError(t, err)
		require.Zero(t, db.Stats().InUse)
	}
}

// Reads get their turn on the only connection while writes never pause.
func TestStoreSharesTheOnlyConnectionOfAPool(t *testing.T) {
	db := openDB(t, newFile(t), 1)
	s := openStore(t, db)
	var stop atomic.Bool
	var writers sync.WaitGroup
	for range 8 {
		n := newSaga()
		require.NoError(t, s.Create(t.Context(), n))
		writers.Go(func() {
			for i := uint64(0); !stop.Load(); i++ {
				assert.NoError(t, s.Append(t.Context(), next(n.ID, i, 1)))
			}
		})
	}
	for range 50 {
		var count int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM saga_record").Scan(&count))
		require.Equal(t, 8, count)
	}
	stop.Store(true)
	writers.Wait()
}
