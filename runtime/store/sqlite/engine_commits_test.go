package sqlite_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// openEngine returns a coordinator on a new file, whose commits are counted.
func openEngine(t *testing.T, config sec.Config) (*sec.Coordinator, *held) {
	t.Helper()
	h := openHeld(t)
	config.Store, config.Registry, config.Logger = h.Store, noop(), slog.New(slog.DiscardHandler)
	c, err := sec.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Shutdown(context.Background())) })
	return c, h
}

// runSagas runs sagas one after the other, and returns how many commits each had on average.
func runSagas(t *testing.T, dag *saga.DAG, n int) float64 {
	t.Helper()
	c, h := openEngine(t, sec.Config{})
	h.commits.Store(0)
	for range n {
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, withParams(t, dag)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	}
	return float64(h.commits.Load()) / float64(n)
}

func TestChainCommitsOnceANodeAndOnceMore(t *testing.T) {
	for _, nodes := range []int{1, 2, 10, 50} {
		b := saga.NewDAGBuilder("chain")
		for i := range nodes {
			name := fmt.Sprintf("n%d", i)
			b.Append(saga.ActionNode(saga.NodeName(name), name, "noop"))
		}
		assert.InDelta(t, nodes+1, runSagas(t, b.MustBuild(), 10), 0, "%d nodes", nodes)
	}
}

// The creation has the payment's start, and each of the three stages ends with an append. A stage of three that take no time has one, unless
// the system stops one of the threads between its action and its report: nobody waits for it, and it has an append of its own then. One
// saga in five is far beyond what a busy machine does.
func TestTripCommitsFourTimes(t *testing.T) {
	made := runSagas(t, tripDAG(), 200)
	t.Logf("%.3f commits a trip", made)
	assert.GreaterOrEqual(t, made, 4.0)
	assert.LessOrEqual(t, made, 4.2)
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
	require.Eventually(t, func() bool {
		records, err := h.List(t.Context(), store.Query{Limit: 1})
		return assert.NoError(t, err) && len(records) == 0
	}, time.Minute, time.Millisecond)
	made := h.commits.Load()
	require.NoError(t, c.Shutdown(t.Context()))
	t.Logf("%d deletes in %d commits", sagas, made)
	assert.LessOrEqual(t, made, int64(sagas/4))
}
