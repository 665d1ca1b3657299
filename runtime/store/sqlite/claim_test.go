package sqlite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Each coordinator claims about once a second, and usually there is nothing.
func TestClaimOfNothingNeitherWritesNorWaitsForWriters(t *testing.T) {
	file := newFile(t)
	db, commits := openCounted(t, file, 0)
	s := openStore(t, db)
	leased, mine, elsewhere := newSaga(), newSaga(), newSaga()
	mine.Owner, mine.Lease = "bob", 0
	elsewhere.Lease, elsewhere.Queue = 0, "q"
	for _, n := range []store.NewSaga{leased, mine, elsewhere} {
		require.NoError(t, s.Create(t.Context(), n))
	}
	other, err := openDB(t, file, 1).Conn(t.Context())
	require.NoError(t, err)
	defer other.Close()
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	commits.Store(0)
	for _, c := range []store.Claim{
		{Owner: "bob", Lease: time.Hour},
		{Owner: "bob", Queue: "none", Lease: time.Hour},
		{Owner: "bob", IDs: []saga.ID{leased.ID, mine.ID, elsewhere.ID}, Lease: time.Hour},
	} {
		claimed, err := s.Claim(t.Context(), c)
		require.NoError(t, err)
		assert.Empty(t, claimed)
	}
	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	assert.Zero(t, commits.Load())
	claimed, err := s.Claim(t.Context(), store.Claim{Owner: "bob", Queue: "q"})
	require.NoError(t, err)
	assert.Len(t, claimed, 1)
	assert.EqualValues(t, 1, commits.Load())
}
