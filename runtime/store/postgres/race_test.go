package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// A former owner continues to append, alone, and in batches with the appends of
// others.
func TestNoEventOfAnOldOwnerComesAfterTheClaim(t *testing.T) {
	for _, companions := range []int{0, 3} {
		t.Run(fmt.Sprintf("with %d others", companions), func(t *testing.T) { testTakeovers(t, companions) })
	}
}

func testTakeovers(t *testing.T, companions int) {
	const takeovers = 300
	schema := pgtest.Schema(t)
	former := openStore(t, pgtest.Pool(t, pgtest.URL(t)), schema)   // used by former owners
	claimant := openStore(t, pgtest.Pool(t, pgtest.URL(t)), schema) // used by claimants
	stop := make(chan struct{})
	var others sync.WaitGroup
	defer others.Wait()
	defer close(stop)
	for range companions {
		n := newSaga()
		require.NoError(t, former.Create(t.Context(), n))
		others.Go(func() {
			for seq := uint64(0); ; seq++ {
				select {
				case <-stop:
					return
				default:
					assert.NoError(t, former.Append(t.Context(), next(n.ID, seq, 1)))
				}
			}
		})
	}
	n := newSaga()
	n.Lease = 0
	require.NoError(t, former.Create(t.Context(), n))
	record, err := former.Load(t.Context(), n.ID)
	require.NoError(t, err)
	for i := range takeovers {
		fenced, begun := make(chan uint64), make(chan struct{})
		go func() {
			begin := sync.OnceFunc(func() { close(begun) })
			defer begin()
			for seq := record.NextSeq; ; seq++ {
				a := next(n.ID, seq, 1)
				a.Generation = record.Generation
				if err := former.Append(t.Context(), a); err != nil {
					assert.ErrorIs(t, err, store.ErrFenced)
					fenced <- seq
					return
				}
				begin()
			}
		}()
		<-begun
		var claimed []saga.Record
		for len(claimed) == 0 { // a claim skips the saga while an append locks it
			claimed, err = claimant.Claim(t.Context(), store.Claim{
				Owner: string(rune('a' + i%2)), IDs: []saga.ID{n.ID},
			})
			require.NoError(t, err)
		}
		log, err := claimant.Events(t.Context(), n.ID, 0, 0)
		require.NoError(t, err)
		require.Len(t, log, int(claimed[0].NextSeq), "at the claim, in takeover %d", i)
		require.EqualValues(t, <-fenced, claimed[0].NextSeq, "exactly the acknowledged events, in takeover %d", i)
		log, err = claimant.Events(t.Context(), n.ID, 0, 0)
		require.NoError(t, err)
		require.Len(t, log, int(claimed[0].NextSeq), "after the last append of the former owner, in takeover %d", i)
		record = claimed[0]
	}
}

// Each entry of a batch has its own result.
func TestFailedEntriesDoNotAffectTheRestOfTheirBatch(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	schema := pgtest.Schema(t)
	s := openStore(t, pool, schema)
	mine, fenced, behind, exists := newSaga(), newSaga(), newSaga(), newSaga()
	for _, n := range []store.NewSaga{mine, fenced, behind, exists} {
		require.NoError(t, s.Create(t.Context(), n))
	}
	broken := newSaga()
	require.NoError(t, s.Create(t.Context(), broken))
	// A row that the store itself would not write.
	insert := "INSERT INTO " + schema + ".saga_log VALUES ($1, 0, 1, '\\x01010000')"
	_, err := pool.Exec(t.Context(), insert, [16]byte(broken.ID))
	require.NoError(t, err)

	old := next(fenced.ID, 0, 2)
	old.Generation = 7
	for round := range uint64(10) {
		fresh := newSaga()
		var all sync.WaitGroup
		expect := func(want error, call func() error) {
			all.Go(func() {
				if err := call(); want == nil {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, want)
				}
			})
		}
		release := occupyWriters(t, pool, schema)
		for range 3 {
			expect(store.ErrFenced, func() error { return s.Append(t.Context(), old) })
			expect(store.ErrSequence, func() error { return s.Append(t.Context(), next(behind.ID, 5, 1)) })
			expect(store.ErrNotFound, func() error { return s.Append(t.Context(), next(saga.NewID(), 0, 1)) })
			expect(store.ErrExists, func() error { return s.Create(t.Context(), exists) })
		}
		expect(nil, func() error { return s.Create(t.Context(), fresh) })
		expect(nil, func() error { return s.Append(t.Context(), next(mine.ID, 3*round, 3)) })
		all.Go(func() { assert.ErrorContains(t, s.Append(t.Context(), next(broken.ID, 0, 1)), "saga_log_pkey") })
		release()
		all.Wait()
		requireLog(t, s, fresh.ID, 0)
	}
	requireLog(t, s, mine.ID, 30)
	requireLog(t, s, fenced.ID, 0)
	requireLog(t, s, behind.ID, 0)
}

// occupyWriters makes all writes wait until release is called, so that they
// form batches.
func occupyWriters(t *testing.T, pool *pgxpool.Pool, schema string) (release func()) {
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE "+schema+".saga_log, "+schema+".saga_creation")
	require.NoError(t, err)
	return func() { assert.NoError(t, tx.Rollback(context.Background())) }
}

func TestAppendsOfOneSagaStayInOrder(t *testing.T) {
	s := openStore(t, pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t))
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	done := make(chan error)
	for range 4 {
		go func() {
			for seq := range uint64(30) {
				if err := s.Append(t.Context(), next(n.ID, seq, 1)); err != nil && !errors.Is(err, store.ErrSequence) {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
	requireLog(t, s, n.ID, 30)
}

// If the clock was ahead, leases are too long only until the next renewal.
func TestRenewalShortensLeasesThatEndLater(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	schema := pgtest.Schema(t)
	s := openStore(t, pool, schema)
	hours := func(table string) (n float64) {
		require.NoError(t, pool.QueryRow(t.Context(),
			"SELECT extract(epoch FROM lease_end - now()) / 3600 FROM "+schema+"."+table).Scan(&n))
		return n
	}
	n := newSaga() // with a lease of an hour
	require.NoError(t, s.Create(t.Context(), n))
	for _, lease := range []time.Duration{2 * time.Hour, 4 * time.Hour} {
		require.NoError(t, s.Renew(t.Context(), n.Owner, lease))
		assert.InDelta(t, lease.Hours(), hours("saga_lease"), 0.1)
		assert.InDelta(t, 1, hours("saga_record"), 0.1, "an extension writes only the lease of the owner")
	}
	require.NoError(t, s.Renew(t.Context(), n.Owner, time.Hour/2))
	assert.InDelta(t, 0.5, hours("saga_lease"), 0.1)
	assert.InDelta(t, 0.5, hours("saga_record"), 0.1)
}

// Locks of the program's own transactions don't delay the end of other leases.
func TestLeasesEndWithoutWaitingForLocks(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	schema := pgtest.Schema(t)
	s := openStore(t, pool, schema)
	locked, free := newSaga(), newSaga()
	require.NoError(t, s.Create(t.Context(), locked))
	require.NoError(t, s.Create(t.Context(), free))
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(t.Context(), "SELECT FROM "+schema+".saga_record WHERE id = $1 FOR UPDATE", locked.ID.String())
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, s.Renew(ctx, free.Owner, 0))
	records, err := s.Claim(t.Context(), store.Claim{Owner: "bob"})
	require.NoError(t, err)
	require.Len(t, records, 1)
	assert.Equal(t, free.ID, records[0].ID)
}

func TestOpenDeletesExpiredLeases(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	schema := pgtest.Schema(t)
	s := openStore(t, pool, schema)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	for owner, lease := range map[string]time.Duration{n.Owner: time.Hour, "gone": 0, "expired": time.Microsecond} {
		require.NoError(t, s.Renew(t.Context(), owner, lease))
	}
	openStore(t, pool, schema)
	var owners []string
	row := pool.QueryRow(t.Context(), "SELECT array_agg(owner ORDER BY owner) FROM "+schema+".saga_lease")
	require.NoError(t, row.Scan(&owners))
	assert.Equal(t, []string{n.Owner}, owners)
}
