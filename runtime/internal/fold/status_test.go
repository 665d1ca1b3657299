package fold_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/internal/fold"
)

func TestStatus(t *testing.T) {
	const succeededState, pending = engine.NodeSucceeded, engine.NodePending
	for _, tt := range []struct {
		name       string
		log        []entry
		nodes      []engine.NodeState
		paused     bool
		breakpoint engine.NodeID
	}{
		{name: "no event", nodes: []engine.NodeState{succeededState, pending, pending, pending}},
		{
			name: "running", log: running,
			nodes: []engine.NodeState{succeededState, engine.NodeStarted, pending, pending},
		},
		{
			name: "stuck", log: stuck,
			nodes: []engine.NodeState{succeededState, engine.NodeUndoFailed, engine.NodeFailed, pending},
		},
		{
			name: "paused", log: paused, paused: true,
			nodes: []engine.NodeState{succeededState, pending, pending, pending},
		},
		{
			name: "breakpoint", log: []entry{{b, engine.EventBreakpointSet, byAnn}}, breakpoint: b,
			nodes: []engine.NodeState{succeededState, pending, pending, pending},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status := &saga.Status{DAG: chain(t, nil), Events: events(tt.log)}
			machine := fold.Status(status)
			require.Len(t, status.Nodes, len(tt.nodes))
			for id, node := range status.Nodes {
				assert.Equal(t, status.DAG.Path(engine.NodeID(id)), node.Path)
				assert.Equal(t, status.DAG.Kind(engine.NodeID(id)), node.Kind)
				assert.Equal(t, tt.nodes[id], node.State, node.Path)
				assert.Equal(t, tt.breakpoint != 0 && engine.NodeID(id) == tt.breakpoint, node.Breakpoint, node.Path)
			}
			assert.Equal(t, tt.paused, status.Paused)
			assert.NoError(t, status.Parked)
			assert.EqualValues(t, len(tt.log), machine.NextSeq())
		})
	}
}

func TestStatusOfAnIllegalLogIsParked(t *testing.T) {
	status := &saga.Status{DAG: chain(t, nil), Events: events([]entry{{b, engine.EventStarted, ""}})}
	machine := fold.Status(status)
	assert.ErrorIs(t, status.Parked, saga.ErrParked)
	assert.ErrorIs(t, status.Parked, executor.ErrIllegalEvent)
	assert.Equal(t, engine.NodePending, status.Nodes[b].State)
	assert.Zero(t, machine.NextSeq())

	reason := errors.New("no key")
	status.Parked = reason
	fold.Status(status)
	assert.Equal(t, reason, status.Parked, "the first reason remains")
}

func TestResult(t *testing.T) {
	log := func(entries []entry) *saga.Log {
		return &saga.Log{ID: id, DAG: chain(t, nil), Events: events(entries)}
	}
	s := replayed(t, succeeded)
	outputs, err := fold.Result(log(succeeded), s.State(), s.Machine.Outputs())
	require.NoError(t, err)
	assert.Equal(t, json.RawMessage(`2`), outputs.Saga())

	for _, tt := range []struct {
		log     []entry
		message string
	}{
		{failed, `was undone: node "b" failed: no room`},
		{stuck, `is stuck: node "b" failed: no room; undo of node "a" failed: no room`},
		{abandoned, `was abandoned: abandoned by ann: test`},
		{[]entry{{start, engine.EventCanceled, byAnn}}, `was undone: canceled by ann: test`},
	} {
		s := replayed(t, tt.log)
		_, err := fold.Result(log(tt.log), s.State(), s.Machine.Outputs())
		var failed *saga.FailedError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, s.State(), failed.State)
		assert.EqualError(t, err, `saga "s" `+id.String()+` `+tt.message)
	}
}

func TestStatusOfANodeShowsItsUnresolvedFailure(t *testing.T) {
	unknown := []entry{{a, engine.EventStarted, ""}, {a, engine.EventIndeterminate, noRoom}}
	undone := append(unknown[:2:2], entry{a, engine.EventUndoStarted, ""}, entry{a, engine.EventUndoFinished, ""})
	retried := append(stuck[:6:6], entry{a, engine.EventUndoRetried, byAnn})
	for _, tt := range []struct {
		name     string
		log      []entry
		message  string
		attempts int
	}{
		{"running", running, "", 0},
		{"unknown outcome", unknown, "no room", 1},
		{"unknown outcome, undone", undone, "no room", 0},
		{"undo failed", stuck, "no room", 1},
		{"undo retried", retried, "", 0},
		{"output supplied", append(stuck[:6:6], entry{a, engine.EventOutputSupplied, withOutput}), "", 0},
	} {
		status := &saga.Status{DAG: chain(t, nil), Events: events(tt.log)}
		fold.Status(status)
		node := status.Nodes[a]
		assert.Equal(t, tt.attempts, node.Attempts, tt.name)
		if tt.message == "" {
			assert.Nil(t, node.Err, tt.name)
		} else {
			assert.EqualError(t, node.Err, tt.message, tt.name)
		}
	}
}
