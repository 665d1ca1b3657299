package sqlite_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// openEngine returns a coordinator with a store on a new file.
func openEngine(t *testing.T, config sec.Config) (*sec.Coordinator, *held) {
	t.Helper()
	h := openHeld(t)
	config.Store, config.Registry, config.Logger = h.Store, noop(), slog.New(slog.DiscardHandler)
	c, err := sec.New(config)
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { assert.NoError(t, c.Stop(context.Background())) })
	return c, h
}

// runSagas runs n sagas one after another. It returns by how much count grew
// with each, in ascending order.
func runSagas(t *testing.T, dag *saga.DAG, n int, count func(*held) int64) []int64 {
	t.Helper()
	c, h := openEngine(t, sec.Config{})
	made := make([]int64, n)
	for i := range made {
		before := count(h)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, withParams(t, dag)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		made[i] = count(h) - before
	}
	slices.Sort(made)
	return made
}

func countCommits(h *held) int64 { return h.commits.Load() }

func TestChainCommitsOnceANodeAndOnceMore(t *testing.T) {
	for _, nodes := range []int{1, 2, 10, 50} {
		b := saga.NewDAGBuilder("chain")
		for i := range nodes {
			name := fmt.Sprintf("n%d", i)
			b.Append(saga.ActionNode(saga.NodeName(name), name, "noop"))
		}
		for _, made := range runSagas(t, b.MustBuild(), 10, countCommits) {
			assert.EqualValues(t, nodes+1, made, "%d nodes", nodes)
		}
	}
}

// The creation contains the start of the payment, and each of the three stages
// ends with an append. When three actions that take no time run in parallel,
// their outcomes share one append: the first lets the others report. But it
// doesn't wait for them, so an action whose thread the system stops at that
// moment has an append of its own. With GOMAXPROCS=1 that takes a thread that
// is stopped for 10 ms; with more, it happens whenever there are more threads
// than processors. So the test requires it of nine sagas in ten.
func TestTripCommitsFourTimes(t *testing.T) {
	processors := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(processors)
	const sagas = 200
	made := runSagas(t, tripDAG(), sagas, countCommits)
	t.Logf("%d to %d commits per trip, at most %d in nine of ten", made[0], made[sagas-1], made[sagas*9/10])
	assert.EqualValues(t, 4, made[0])
	assert.EqualValues(t, 4, made[sagas*9/10])
	assert.LessOrEqual(t, made[sagas-1], int64(6), "three outcomes have three appends at most")
}

// The creation inserts the record, each of the next two appends inserts a row
// of the log, and the last append updates the record.
func TestTripWritesFourRows(t *testing.T) {
	processors := runtime.GOMAXPROCS(1) // see TestTripCommitsFourTimes
	defer runtime.GOMAXPROCS(processors)
	const sagas = 200
	made := runSagas(t, tripDAG(), sagas, func(h *held) (rows int64) {
		require.NoError(t, h.db.QueryRow("SELECT total_changes()").Scan(&rows))
		return rows
	})
	t.Logf("%d to %d rows per trip, at most %d in nine of ten", made[0], made[sagas-1], made[sagas*9/10])
	assert.EqualValues(t, 4, made[0])
	assert.EqualValues(t, 4, made[sagas*9/10])
}

func TestRetentionSharesCommits(t *testing.T) {
	const sagas = 640
	h := openHeld(t)
	for range sagas {
		n := newSaga()
		n.State = saga.StateSucceeded
		require.NoError(t, h.Create(t.Context(), n))
	}
	h.commits.Store(0)
	c, err := sec.New(sec.Config{
		Store: h.Store, Registry: noop(), Logger: slog.New(slog.DiscardHandler),
		Retention: sec.Retention{MaxAge: time.Nanosecond, Every: time.Hour},
	})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	require.Eventually(t, func() bool {
		records, err := h.List(t.Context(), saga.Query{Limit: 1})
		return assert.NoError(t, err) && len(records) == 0
	}, time.Minute, time.Millisecond)
	made := h.commits.Load()
	require.NoError(t, c.Stop(t.Context()))
	t.Logf("%d deletes in %d commits", sagas, made)
	assert.LessOrEqual(t, made, int64(sagas/4))
}
