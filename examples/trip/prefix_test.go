package main

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// From every prefix of the log of a trip, in success, in a failure of each node and in a failure of each undo, a new
// coordinator comes to the same end.
func TestEveryPrefixOfATripEndsTheSameWay(t *testing.T) {
	nodes := []saga.NodePath{"payment", "hotel", "flight", "car", "summary"}
	type mishap struct{ node, undo saga.NodePath }
	mishaps := []mishap{{}}
	for _, node := range nodes {
		mishaps = append(mishaps, mishap{node: node})
	}
	for _, undo := range nodes[:4] {
		mishaps = append(mishaps, mishap{node: "summary", undo: undo})
	}
	for _, m := range mishaps {
		t.Run(string("fail "+m.node+", undo "+m.undo), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dag, err := saga.NewSagaDAG(BookTripDAG(), BookTrip{Hotel: "Ritz", Flight: "LH 1", Car: "Beetle", Card: "4711"})
				require.NoError(t, err)
				log := &saga.Log{ID: saga.NewID(), DAG: dag}
				live := playTrip(t, log, m.node, m.undo)
				require.True(t, live.State.Settled())
				for i := range len(live.Events) + 1 {
					log.Events = live.Events[:i]
					recovered := playTrip(t, log, m.node, m.undo)
					assert.Equal(t, live.State, recovered.State, "prefix %d", i)
					assert.Equal(t, live.Nodes, recovered.Nodes, "prefix %d", i)
				}
			})
		})
	}
}

// playTrip goes on from a log with a new ledger, and lets a node and an undo fail.
func playTrip(t *testing.T, log *saga.Log, fail, failUndo saga.NodePath) *saga.Status {
	t.Helper()
	c, err := sec.New(sec.Config{Registry: NewRegistry(NewService(NewLedger())), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Shutdown(t.Context())) }()
	require.NoError(t, c.Import(t.Context(), log))
	if fail != "" {
		ignoreEnded(t, c.Inject(t.Context(), log.ID, fail, sec.FailDo()))
	}
	if failUndo != "" {
		ignoreEnded(t, c.Inject(t.Context(), log.ID, failUndo, sec.FailUndo()))
	}
	require.NoError(t, c.Start(t.Context(), log.ID))
	_, err = c.Wait(t.Context(), log.ID)
	if err != nil {
		require.ErrorAs(t, err, new(*saga.FailedError))
	}
	status, err := c.Status(t.Context(), log.ID)
	require.NoError(t, err)
	return status
}

// ignoreEnded allows that the log has the node's failure already.
func ignoreEnded(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, saga.ErrWrongState) {
		require.NoError(t, err)
	}
}
