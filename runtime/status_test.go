package saga_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
)

// statusOf returns the status of a saga whose nodes are all in one state,
// except those in but.
func statusOf(
	t testing.TB, dag *saga.DAG, state saga.State, all saga.NodeState, but map[saga.NodePath]saga.NodeState,
) *saga.Status {
	t.Helper()
	s := &saga.Status{ID: logID, Name: dag.Name(), State: state, DAG: withParams(t, dag, nil),
		Nodes: make([]saga.NodeState, dag.Len())}
	for id := range s.Nodes {
		s.Nodes[id] = all
		if one, ok := but[dag.Path(saga.NodeID(id))]; ok && dag.Path(saga.NodeID(id)) != "" {
			s.Nodes[id] = one
		}
	}
	return s
}

func TestDescribe(t *testing.T) {
	type nodes = map[saga.NodePath]saga.NodeState
	for _, tt := range []struct {
		name   string
		state  saga.State
		nodes  nodes // the others are pending, and the start has succeeded
		active bool
		want   map[saga.NodePath]string
	}{
		{"created", saga.StateCreated, nil, false,
			map[saga.NodePath]string{"payment": "blocked", "hotel": "blocked"}},
		{"running, nothing started", saga.StateRunning, nil, false,
			map[saga.NodePath]string{"payment": "queued-todo", "hotel": "blocked"}},
		{"payment runs", saga.StateRunning, nodes{"payment": saga.NodeStarted}, true,
			map[saga.NodePath]string{"payment": "working", "hotel": "blocked"}},
		{"payment had started", saga.StateRunning, nodes{"payment": saga.NodeStarted}, false,
			map[saga.NodePath]string{"payment": "queued-todo", "hotel": "blocked"}},
		{"one is done", saga.StateRunning,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeSucceeded, "car": saga.NodeStarted}, true,
			map[saga.NodePath]string{"payment": "done", "hotel": "done", "flight": "queued-todo", "car": "working",
				"summary": "blocked"}},
		{"hotel failed, car runs", saga.StateUnwinding,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeFailed, "car": saga.NodeStarted}, true,
			map[saga.NodePath]string{"payment": "done", "hotel": "failed", "flight": "abandoned", "car": "working",
				"summary": "abandoned"}},
		{"hotel unknown, car to be undone", saga.StateUnwinding,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeIndeterminate, "car": saga.NodeSucceeded}, false,
			map[saga.NodePath]string{"payment": "done", "hotel": "indeterminate", "car": "queued-undo"}},
		{"car is undone now", saga.StateUnwinding,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeFailed, "car": saga.NodeUndoStarted}, true,
			map[saga.NodePath]string{"payment": "done", "car": "undo-working"}},
		{"car's undo had started", saga.StateUnwinding,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeFailed, "car": saga.NodeUndoStarted}, false,
			map[saga.NodePath]string{"payment": "done", "car": "queued-undo"}},
		{"payment is next to be undone", saga.StateUnwinding,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeFailed, "car": saga.NodeUndone}, false,
			map[saga.NodePath]string{"payment": "queued-undo", "car": "undone"}},
		{"stuck", saga.StateStuck,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeFailed, "car": saga.NodeUndoFailed,
				"flight": saga.NodeUndone}, false,
			map[saga.NodePath]string{"payment": "done", "hotel": "failed", "car": "undo-failed", "flight": "undone",
				"summary": "abandoned"}},
		{"abandoned", saga.StateAbandoned,
			nodes{"payment": saga.NodeSucceeded, "hotel": saga.NodeStarted, "car": saga.NodeUndoStarted}, false,
			map[saga.NodePath]string{"payment": "done", "hotel": "indeterminate", "car": "indeterminate",
				"flight": "abandoned", "summary": "abandoned"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := statusOf(t, tripDAG(t), tt.state, saga.NodePending, tt.nodes)
			s.Nodes[0] = saga.NodeSucceeded
			s.Active = tt.active
			for path, want := range tt.want {
				assert.Equal(t, want, s.Describe(find(t, s.DAG.DAG, path)), path)
			}
		})
	}
}

func TestOnlyTheStartOfACreatedSagaIsQueued(t *testing.T) {
	s := statusOf(t, nestedDAG(t), saga.StateCreated, saga.NodePending,
		map[saga.NodePath]saga.NodeState{"size": saga.NodeSucceeded})
	s.Nodes[0] = saga.NodeSucceeded // a start has no parents and succeeds immediately
	assert.Equal(t, "queued-todo", s.Describe(0))
	for id := saga.NodeID(1); s.DAG.Contains(id); id++ {
		assert.Equal(t, "blocked", s.Describe(id))
	}
}

func TestEveryStateOfANodeIsDescribed(t *testing.T) {
	for _, active := range []bool{false, true} {
		for _, state := range []saga.State{1, 2, 3, 4, 5, 6, 7} {
			for _, node := range saga.NodeStates() {
				s := statusOf(t, tripDAG(t), state, node, nil)
				s.Active = active
				for id := range s.Nodes {
					assert.Regexp(t, `^[a-z]+(-[a-z]+)?$`, s.Describe(saga.NodeID(id)))
				}
			}
		}
	}
}

func TestStatusReturnsFailures(t *testing.T) {
	s := statusOf(t, tripDAG(t), saga.StateFailed, saga.NodeUndone, nil)
	assert.Empty(t, s.Failures())
	payload, err := json.Marshal(saga.NewActionError(errors.New("no room"), saga.ReasonError, 1))
	assert.NoError(t, err)
	s.Events = []saga.Event{{Seq: 0, Node: 2, Kind: saga.EventFailed, Payload: payload}}
	assert.Equal(t, `node "hotel" failed: no room`, s.Failures()[0].String())
	assert.Equal(t, logID, s.Log().ID)
}
