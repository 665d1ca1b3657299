package main

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// The test runs a trip that succeeds, one for each failed node and one for each
// failed undo. A new coordinator that resumes from any prefix of such a log
// must reach the same final state.
func TestEveryLogPrefixOfTripReachesSameState(t *testing.T) {
	nodes := []saga.NodePath{"payment", "hotel", "flight", "car", "summary"}
	type faults struct{ do, undo saga.NodePath }
	runs := []faults{{}}
	for _, node := range nodes {
		runs = append(runs, faults{do: node})
	}
	for _, undo := range nodes[:4] {
		runs = append(runs, faults{do: "summary", undo: undo})
	}
	for _, f := range runs {
		t.Run(string("do "+f.do+", undo "+f.undo), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				trip := BookTrip{Hotel: "Ritz", Flight: "LH 1", Car: "Beetle", Card: "4711"}
				dag, err := saga.NewSagaDAG(BookTripDAG(), trip)
				require.NoError(t, err)
				log := &saga.Log{ID: saga.NewID(), DAG: dag}
				live := resumeTrip(t, log, f.do, f.undo)
				require.True(t, live.State.Settled())
				for i := range len(live.Events) + 1 {
					log.Events = live.Events[:i]
					recovered := resumeTrip(t, log, f.do, f.undo)
					assert.Equal(t, live.State, recovered.State, "prefix %d", i)
					assert.Equal(t, withoutTimes(live), withoutTimes(recovered), "prefix %d", i)
				}
			})
		})
	}
}

// resumeTrip resumes a trip from its log, with a new ledger. It injects a
// failure into a do and into an undo function, if these are given.
func resumeTrip(t *testing.T, log *saga.Log, fail, failUndo saga.NodePath) *saga.Status {
	t.Helper()
	c, err := sec.New(sec.Config{Registry: NewRegistry(NewService(NewLedger())), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	defer func() { require.NoError(t, c.Stop(t.Context())) }()
	require.NoError(t, c.Import(t.Context(), log))
	if fail != "" {
		ignoreWrongState(t, c.Inject(t.Context(), log.ID, fail, sec.FailDo()))
	}
	if failUndo != "" {
		ignoreWrongState(t, c.Inject(t.Context(), log.ID, failUndo, sec.FailUndo()))
	}
	require.NoError(t, c.StartCreated(t.Context(), log.ID))
	_, err = c.Wait(t.Context(), log.ID)
	if err != nil {
		require.ErrorAs(t, err, new(*saga.FailedError))
	}
	status, err := c.Status(t.Context(), log.ID)
	require.NoError(t, err)
	return status
}

// ignoreWrongState asserts that an injection succeeded, or that the log has the
// result of the node already.
func ignoreWrongState(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, saga.ErrWrongState) {
		require.NoError(t, err)
	}
}

// withoutTimes returns the nodes of a status without the times of events, which
// differ between two runs.
func withoutTimes(status *saga.Status) []saga.NodeStatus {
	nodes := slices.Clone(status.Nodes)
	for i := range nodes {
		nodes[i].Started, nodes[i].Ended = time.Time{}, time.Time{}
	}
	return nodes
}
