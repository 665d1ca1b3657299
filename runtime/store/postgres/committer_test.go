package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

func TestWaitingEntriesAreCommittedTogetherAndInOrder(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s, err := Open(t.Context(), pool, Config{Schema: schema, Writers: 1})
	require.NoError(t, err)
	var batches []int
	s.writes = s.newWrites(func(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
		batches = append(batches, len(entries))
		return s.commit(ctx, conn, entries)
	})
	sagas := make([]saga.ID, 4)
	for i := range sagas {
		sagas[i] = saga.NewID()
		require.NoError(t, s.Create(t.Context(), store.NewSaga{ID: sagas[i], Name: "a", DAG: []byte("{}"), State: 2}))
	}
	batches = nil

	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(t.Context(), "LOCK TABLE "+schema+".saga_log")
	require.NoError(t, err)
	results := make(chan error)
	waiting := 0
	add := func(id saga.ID, seq uint64, queued int) {
		waiting++
		go func() {
			events := []engine.Event{{Seq: seq, Kind: engine.EventStarted}}
			results <- s.Append(t.Context(), store.Append{ID: id, Generation: 1, Seq: seq, State: 2, Events: events})
		}()
		require.Eventually(t, func() bool {
			stats := s.writes.Stats()
			return stats.Waiting == queued && stats.InFlight == 1
		}, 30*time.Second, time.Millisecond)
	}
	add(sagas[0], 0, 0) // it is in flight, and waits for the lock
	add(sagas[0], 1, 1)
	add(sagas[1], 0, 2)
	add(sagas[1], 1, 3)
	add(sagas[2], 0, 4)
	add(sagas[3], 0, 5)
	require.NoError(t, tx.Rollback(t.Context()))
	for range waiting {
		require.NoError(t, <-results)
	}
	assert.Equal(t, []int{1, 4, 1}, batches, "one entry of each saga in a batch, the older one first")
}

func TestWaitingDeletesShareACommit(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s, err := Open(t.Context(), pool, Config{Schema: schema, ReadConns: 1})
	require.NoError(t, err)
	var batches []int
	s.deletes = s.newDeletes(func(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
		batches = append(batches, len(entries))
		return s.commitDeletes(ctx, conn, entries)
	})
	final := make([]saga.ID, 20)
	for i := range final {
		final[i] = saga.NewID()
		n := runningSaga(final[i])
		n.State, n.Events = saga.StateFailed, []engine.Event{{Kind: engine.EventStarted}}
		require.NoError(t, s.Create(t.Context(), n))
	}
	unfinished := runningSaga(saga.NewID())
	require.NoError(t, s.Create(t.Context(), unfinished))

	s.readConns <- struct{}{} // the only connection for deletes is in use
	results := map[saga.ID]chan error{}
	for i, id := range append(final, unfinished.ID, saga.NewID()) {
		result := make(chan error, 1)
		results[id] = result
		go func() { result <- s.Delete(t.Context(), id) }()
		waits := func() bool { return s.deletes.Stats().Waiting == i+1 }
		require.Eventually(t, waits, 30*time.Second, time.Millisecond)
	}
	s.releaseReadConn()
	for _, id := range final {
		require.NoError(t, <-results[id])
		delete(results, id)
	}
	require.ErrorIs(t, <-results[unfinished.ID], store.ErrNotFinal)
	delete(results, unfinished.ID)
	for _, result := range results {
		require.ErrorIs(t, <-result, store.ErrNotFound)
	}
	assert.Equal(t, []int{22}, batches)
	left, err := s.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, unfinished.ID, left[0].ID)
}
