package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

func TestWritesThatWaitShareACommit(t *testing.T) {
	for writes, want := range map[int]int64{1: 1, 64: 1, 256: 1, 257: 2, 600: 3} {
		t.Run(fmt.Sprint(writes), func(t *testing.T) {
			h := openHeld(t)
			sagas := make([]store.NewSaga, writes)
			for i := range sagas {
				sagas[i] = newSaga()
			}
			create := func(n store.NewSaga) error { return h.Create(t.Context(), n) }
			appendThree := func(n store.NewSaga) error { return h.Append(t.Context(), next(n.ID, 0, 3)) }
			for _, write := range []func(store.NewSaga) error{create, appendThree} {
				h.hold(t)
				var callers sync.WaitGroup
				for _, n := range sagas {
					callers.Go(func() { assert.NoError(t, write(n)) })
				}
				h.requireWaiting(t, writes)
				h.release(t)
				callers.Wait()
				assert.Equal(t, want, h.commits.Load())
			}
			for _, n := range sagas {
				requireLog(t, h, n.ID, 3)
			}
		})
	}
}

func TestGoroutinesThatAppendShareCommits(t *testing.T) {
	const goroutines, appends = 64, 20
	h := openHeld(t)
	h.hold(t)
	ids := make([]saga.ID, goroutines)
	var callers sync.WaitGroup
	for i := range ids {
		n := newSaga()
		ids[i] = n.ID
		callers.Go(func() {
			assert.NoError(t, h.Create(t.Context(), n))
			for i := range uint64(appends) {
				assert.NoError(t, h.Append(t.Context(), next(n.ID, i, 1)))
			}
		})
	}
	h.requireWaiting(t, goroutines)
	h.release(t)
	callers.Wait()
	for _, id := range ids {
		requireLog(t, h, id, appends)
	}
	made := h.commits.Load()
	t.Logf("%d writes in %d commits", goroutines*(appends+1), made)
	assert.Less(t, made, int64(goroutines*(appends+1)/4))
}

func TestLargeWritesAreSpreadOverTransactions(t *testing.T) {
	h := openHeld(t)
	h.hold(t)
	var results []<-chan error
	for range 5 {
		n := newSaga()
		n.DAG = bytes.Repeat([]byte("x"), 400<<10)
		results = append(results, h.begin(t, func() error { return h.Create(t.Context(), n) }))
	}
	h.release(t)
	for _, result := range results {
		require.NoError(t, <-result)
	}
	assert.EqualValues(t, 2, h.commits.Load(), "three of them have more than a megabyte")
}

// Behind thousands of appends, leases would expire and claims would be slow.
func TestRenewalsAndClaimsDoNotWaitForAppends(t *testing.T) {
	h := openHeld(t)
	const appends = 600
	sagas := make([]store.NewSaga, appends)
	for i := range sagas {
		sagas[i] = newSaga()
	}
	unowned := newSaga()
	unowned.Owner = ""
	var callers sync.WaitGroup
	for _, n := range append(sagas, unowned) {
		callers.Go(func() { assert.NoError(t, h.Create(t.Context(), n)) })
	}
	callers.Wait()
	h.hold(t)
	for _, n := range sagas {
		callers.Go(func() { assert.NoError(t, h.Append(t.Context(), next(n.ID, 0, 1))) })
	}
	h.requireWaiting(t, appends)
	renewed := h.begin(t, func() error { return h.Renew(t.Context(), "alice", time.Hour) })
	claimed := h.begin(t, func() error {
		records, err := h.ClaimUnchecked(t.Context(), store.Claim{Owner: "bob", Lease: time.Hour})
		assert.Len(t, records, 1)
		return err
	})
	h.release(t)
	require.NoError(t, <-renewed)
	require.NoError(t, <-claimed)
	callers.Wait()
	var renewal, claim, firstAppend int64
	require.NoError(t, h.db.QueryRow("SELECT lease_end FROM saga_lease WHERE owner = 'alice'").Scan(&renewal))
	require.NoError(t, h.db.QueryRow("SELECT lease_end FROM saga_record WHERE owner = 'bob'").Scan(&claim))
	require.NoError(t, h.db.QueryRow("SELECT min(appended) FROM saga_log").Scan(&firstAppend))
	leased := time.UnixMicro(firstAppend).Add(time.Hour).UnixMicro() + 1
	assert.LessOrEqual(t, renewal, leased, "renewed before anything was appended")
	assert.LessOrEqual(t, claim, leased, "claimed before anything was appended")
}

func TestWritesInSequenceHaveACommitEach(t *testing.T) {
	h := openHeld(t)
	n := newSaga()
	require.NoError(t, h.Create(t.Context(), n))
	h.commits.Store(0)
	for i := range uint64(10) {
		require.NoError(t, h.Append(t.Context(), next(n.ID, i, 1)))
	}
	assert.EqualValues(t, 10, h.commits.Load())
}

func TestGoroutineEndsWhenNothingIsWritten(t *testing.T) {
	h := openHeld(t)
	n := newSaga()
	require.NoError(t, h.Create(t.Context(), n))
	for i := range uint64(3) {
		require.Eventually(t, func() bool { return !h.Running() }, 30*time.Second, time.Millisecond)
		require.NoError(t, h.Append(t.Context(), next(n.ID, i, 1)))
	}
	requireLog(t, h, n.ID, 3)
}

func TestAppendsOfOneSagaStayInOrder(t *testing.T) {
	h := openHeld(t)
	n := newSaga()
	h.hold(t)
	results := []<-chan error{h.begin(t, func() error { return h.Create(t.Context(), n) })}
	for i := range uint64(20) {
		results = append(results, h.begin(t, func() error { return h.Append(t.Context(), next(n.ID, 2*i, 2)) }))
	}
	h.release(t)
	for _, result := range results {
		require.NoError(t, <-result)
	}
	requireLog(t, h, n.ID, 40)
	assert.EqualValues(t, 1, h.commits.Load())
}

// The batch has each kind of write with each of its results, and two that fail
// in the database.
func TestFailedWritesDoNotAffectTheRestOfTheirBatch(t *testing.T) {
	h := openHeld(t)
	good, broken, existing, fresh := newSaga(), newSaga(), newSaga(), newSaga()
	free := newSaga()
	free.Lease = 0
	final := newSaga()
	final.State = saga.StateFailed
	for _, n := range []store.NewSaga{good, broken, existing, free, final} {
		require.NoError(t, h.Create(t.Context(), n))
	}
	require.NoError(t, h.Append(t.Context(), next(broken.ID, 0, 2)))
	setTrap(t, h.db, broken.ID)

	ctx := t.Context()
	appendOf := func(id saga.ID, generation, seq uint64, n int) func() error {
		a := next(id, seq, n)
		a.Generation = generation
		return func() error { return h.Append(ctx, a) }
	}
	var claimed []saga.Record
	h.hold(t)
	type call struct {
		what   string
		result <-chan error
		want   error // nil for none
	}
	var calls []call
	begin := func(what string, want error, f func() error) {
		calls = append(calls, call{what, h.begin(t, f), want})
	}
	constraint := errors.New("trapped")
	begin("append", nil, appendOf(good.ID, 1, 0, 2))
	begin("append by a former owner", store.ErrFenced, appendOf(good.ID, 7, 2, 1))
	begin("append of existing events", store.ErrSequence, appendOf(good.ID, 1, 0, 2))
	begin("append to a missing saga", store.ErrNotFound, appendOf(saga.NewID(), 1, 0, 1))
	begin("create an existing saga", store.ErrExists, func() error { return h.Create(ctx, existing) })
	begin("append that breaks a constraint", constraint, appendOf(broken.ID, 1, 2, 1))
	begin("create", nil, func() error { return h.Create(ctx, fresh) })
	begin("append to the new saga", nil, appendOf(fresh.ID, 1, 0, 1))
	begin("append after a failed one", constraint, appendOf(broken.ID, 1, 2, 1))
	begin("delete an unfinished saga", store.ErrNotFinal, func() error { return h.Delete(ctx, good.ID) })
	begin("delete", nil, func() error { return h.Delete(ctx, final.ID) })
	begin("delete again", store.ErrNotFound, func() error { return h.Delete(ctx, final.ID) })
	begin("renew", nil, func() error { return h.Renew(ctx, "nobody", time.Hour) })
	begin("claim", nil, func() (err error) {
		claimed, err = h.ClaimUnchecked(ctx, store.Claim{Owner: "bob", Lease: time.Hour})
		return err
	})
	begin("append after a claim", store.ErrFenced, appendOf(free.ID, 1, 0, 1))
	begin("append by the claimant", nil, appendOf(free.ID, 2, 0, 1))
	begin("append last", nil, appendOf(good.ID, 1, 2, 1))
	h.release(t)

	for _, c := range calls {
		switch err := <-c.result; c.want {
		case nil:
			assert.NoError(t, err, c.what)
		case constraint:
			assert.ErrorContains(t, err, "append to saga "+broken.ID.String(), c.what)
			assert.ErrorContains(t, err, constraint.Error(), c.what)
		default:
			assert.Equal(t, c.want, err, c.what)
		}
	}
	assert.EqualValues(t, 3, h.commits.Load(), "one before, between and after the failed writes")
	requireLog(t, h, good.ID, 3)
	requireLog(t, h, fresh.ID, 1)
	requireLog(t, h, free.ID, 1)
	record, err := h.Load(ctx, broken.ID)
	require.NoError(t, err)
	assert.EqualValues(t, 2, record.NextSeq)
	require.Len(t, claimed, 1)
	assert.Equal(t, free.ID, claimed[0].ID)
	_, err = h.Load(ctx, final.ID)
	assert.ErrorIs(t, err, store.ErrNotFound)
}

func TestFailedCommitIsAnUnknownOutcomeForItsWholeBatch(t *testing.T) {
	h := openHeld(t)
	a, b := newSaga(), newSaga()
	require.NoError(t, h.Create(t.Context(), a))
	h.hold(t)
	h.commits.vetoWith(func() bool { return true })
	results := []<-chan error{
		h.begin(t, func() error { return h.Append(t.Context(), next(a.ID, 0, 2)) }),
		h.begin(t, func() error { return h.Create(t.Context(), b) }),
		// Refused because of the first, which may not exist afterwards.
		h.begin(t, func() error { return h.Append(t.Context(), next(a.ID, 0, 2)) }),
		h.begin(t, func() error { return h.Create(t.Context(), a) }),
	}
	h.release(t)
	for _, result := range results {
		err := <-result
		require.ErrorContains(t, err, "sqlite store: ")
		require.ErrorContains(t, err, "constraint failed") // SQLite's error for a commit that a hook vetoes
		for _, storeError := range []error{store.ErrExists, store.ErrNotFound, store.ErrFenced, store.ErrSequence} {
			require.NotErrorIs(t, err, storeError)
		}
	}
	h.commits.vetoWith(nil)
	requireLog(t, h, a.ID, 0)
	_, err := h.Load(t.Context(), b.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, h.Append(t.Context(), next(a.ID, 0, 2)))
	requireLog(t, h, a.ID, 2)
}

func TestWriteThatHasNotBegunIsDroppedWhenItsContextEnds(t *testing.T) {
	h := openHeld(t)
	n := newSaga()
	require.NoError(t, h.Create(t.Context(), n))
	h.hold(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := h.begin(t, func() error { return h.Append(ctx, next(n.ID, 0, 1)) })
	stays := h.begin(t, func() error { return h.Append(t.Context(), next(n.ID, 0, 2)) })
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	require.Equal(t, 1, h.Waiting())
	h.release(t)
	require.NoError(t, <-stays)
	requireLog(t, h, n.ID, 2)
}

func TestCallerMayReuseItsEventsAfterItsContextEndsDuringACommit(t *testing.T) {
	h := openHeld(t)
	n := newSaga()
	require.NoError(t, h.Create(t.Context(), n))
	committing, proceed := make(chan struct{}), make(chan struct{})
	h.commits.vetoWith(func() bool {
		close(committing)
		<-proceed
		return false
	})
	ctx, cancel := context.WithCancel(t.Context())
	given := next(n.ID, 0, 3)
	left := make(chan error, 1)
	go func() { left <- h.Append(ctx, given) }()
	<-committing
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	for i := range given.Events {
		clear(given.Events[i].Payload)
	}
	clear(given.Events)
	h.commits.vetoWith(nil)
	close(proceed)
	require.ErrorIs(t, h.Append(t.Context(), next(n.ID, 0, 3)), store.ErrSequence)
	requireLog(t, h, n.ID, 3)
}

func TestWritesWaitForALockedDatabaseUntilTheirContextsEnd(t *testing.T) {
	h := openHeld(t)
	other, err := openDB(t, h.file, 1).Conn(t.Context())
	require.NoError(t, err)
	defer other.Close()
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	short, cancel := context.WithCancel(t.Context())
	var stay, leave []store.NewSaga
	var stayed, left []chan error
	begin := func(ctx context.Context, sagas *[]store.NewSaga, results *[]chan error) {
		n, result := newSaga(), make(chan error, 1)
		*sagas, *results = append(*sagas, n), append(*results, result)
		go func() { result <- h.Create(ctx, n) }()
	}
	h.commits.Store(0)
	for range 8 {
		begin(t.Context(), &stay, &stayed)
		begin(short, &leave, &left)
	}
	h.requireWaiting(t, 16)
	cancel()
	for _, result := range left {
		err := <-result
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "while waiting")
	}
	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	for _, result := range stayed {
		require.NoError(t, <-result)
	}
	assert.EqualValues(t, 1, h.commits.Load())
	for i := range stay {
		requireLog(t, h, stay[i].ID, 0)
		_, err := h.Load(t.Context(), leave[i].ID)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}
