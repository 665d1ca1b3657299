package saga_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// statusOf returns the status of a saga whose nodes are all in one state,
// except those in but.
func statusOf(
	t testing.TB, dag *saga.DAG, state saga.State, all engine.NodeState, but map[saga.NodePath]engine.NodeState,
) *saga.Status {
	t.Helper()
	s := &saga.Status{ID: logID, Name: dag.Name(), State: state, DAG: withParams(t, dag, nil),
		Nodes: make([]saga.NodeStatus, dag.Len())}
	for id := range s.Nodes {
		path := dag.Path(engine.NodeID(id))
		s.Nodes[id] = saga.NodeStatus{Path: path, State: all}
		if one, ok := but[path]; ok && path != "" {
			s.Nodes[id].State = one
		}
	}
	return s
}

func TestDescribe(t *testing.T) {
	type nodes = map[saga.NodePath]engine.NodeState
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
		{"payment runs", saga.StateRunning, nodes{"payment": engine.NodeStarted}, true,
			map[saga.NodePath]string{"payment": "working", "hotel": "blocked"}},
		{"payment had started", saga.StateRunning, nodes{"payment": engine.NodeStarted}, false,
			map[saga.NodePath]string{"payment": "queued-todo", "hotel": "blocked"}},
		{"one is done", saga.StateRunning,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeSucceeded, "car": engine.NodeStarted}, true,
			map[saga.NodePath]string{"payment": "done", "hotel": "done", "flight": "queued-todo", "car": "working",
				"summary": "blocked"}},
		{"hotel failed, car runs", saga.StateUnwinding,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeFailed, "car": engine.NodeStarted}, true,
			map[saga.NodePath]string{"payment": "done", "hotel": "failed", "flight": "abandoned", "car": "working",
				"summary": "abandoned"}},
		{"hotel unknown, car to be undone", saga.StateUnwinding,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeIndeterminate, "car": engine.NodeSucceeded}, false,
			map[saga.NodePath]string{"payment": "done", "hotel": "indeterminate", "car": "queued-undo"}},
		{"car is undone now", saga.StateUnwinding,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeFailed, "car": engine.NodeUndoStarted}, true,
			map[saga.NodePath]string{"payment": "done", "car": "undo-working"}},
		{"car's undo had started", saga.StateUnwinding,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeFailed, "car": engine.NodeUndoStarted}, false,
			map[saga.NodePath]string{"payment": "done", "car": "queued-undo"}},
		{"payment is next to be undone", saga.StateUnwinding,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeFailed, "car": engine.NodeUndone}, false,
			map[saga.NodePath]string{"payment": "queued-undo", "car": "undone"}},
		{"stuck", saga.StateStuck,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeFailed, "car": engine.NodeUndoFailed,
				"flight": engine.NodeUndone}, false,
			map[saga.NodePath]string{"payment": "done", "hotel": "failed", "car": "undo-failed", "flight": "undone",
				"summary": "abandoned"}},
		{"abandoned", saga.StateAbandoned,
			nodes{"payment": engine.NodeSucceeded, "hotel": engine.NodeStarted, "car": engine.NodeUndoStarted}, false,
			map[saga.NodePath]string{"payment": "done", "hotel": "indeterminate", "car": "indeterminate",
				"flight": "abandoned", "summary": "abandoned"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := statusOf(t, tripDAG(t), tt.state, engine.NodePending, tt.nodes)
			s.Nodes[0].State = engine.NodeSucceeded
			s.Active = tt.active
			for path, want := range tt.want {
				assert.Equal(t, want, s.Describe(path), path)
			}
		})
	}
}

func TestOnlyTheStartOfACreatedSagaIsQueued(t *testing.T) {
	s := statusOf(t, nestedDAG(t), saga.StateCreated, engine.NodePending,
		map[saga.NodePath]engine.NodeState{"size": engine.NodeSucceeded})
	s.Nodes[0].State = engine.NodeSucceeded // a start has no parents and succeeds immediately
	tree := s.String()
	assert.Contains(t, tree, "queued-todo: (start node)")
	assert.Equal(t, 1, strings.Count(tree, "queued-todo: "))
	assert.Equal(t, len(s.Nodes)-1, strings.Count(tree, "blocked: "))
}

func TestEveryStateOfANodeIsDescribed(t *testing.T) {
	for _, active := range []bool{false, true} {
		for _, state := range []saga.State{1, 2, 3, 4, 5, 6, 7} {
			for _, node := range engine.NodeStates() {
				s := statusOf(t, tripDAG(t), state, node, nil)
				s.Active = active
				for _, node := range s.Nodes {
					if node.Path != "" {
						assert.Regexp(t, `^[a-z]+(-[a-z]+)?$`, s.Describe(node.Path))
					}
				}
			}
		}
	}
}

func TestStatusReturnsFailures(t *testing.T) {
	s := statusOf(t, tripDAG(t), saga.StateFailed, engine.NodeUndone, nil)
	assert.Empty(t, s.Failures())
	payload, err := json.Marshal(saga.NewActionError(errors.New("no room"), saga.ReasonError, 1))
	assert.NoError(t, err)
	s.Events = []engine.Event{{Seq: 0, Node: 2, Kind: engine.EventFailed, Payload: payload}}
	assert.Equal(t, `node "hotel" failed: no room`, s.Failures()[0].String())
	assert.Equal(t, logID, s.Log().ID)
}
