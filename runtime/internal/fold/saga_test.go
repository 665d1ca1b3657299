package fold_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/internal/fold"
)

// chain returns a saga of the nodes a and b.
func chain(t testing.TB, params any) *saga.SagaDAG {
	t.Helper()
	dag, err := saga.NewSagaDAG(saga.NewDAGBuilder("s").
		Append(saga.ActionNode("a", "", "act")).
		Append(saga.ActionNode("b", "", "act")).
		MustBuild(), params)
	require.NoError(t, err)
	return dag
}

var (
	id    = saga.KeyID("s", "test")
	audit = saga.Audit{By: "ann", Reason: "test"}
	at    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

const (
	start engine.NodeID = 0
	a     engine.NodeID = 1
	b     engine.NodeID = 2
)

// entry is an event without its number.
type entry struct {
	node    engine.NodeID
	kind    engine.EventKind
	payload string
}

const (
	byAnn  = `{"by":"ann","reason":"test"}`
	noRoom = `{"message":"no room","reason":"error","attempts":1}`
)

// Logs of a saga in various states.
var (
	running   = []entry{{a, engine.EventStarted, ""}}
	unwinding = []entry{
		{a, engine.EventStarted, ""}, {a, engine.EventSucceeded, `1`},
		{b, engine.EventStarted, ""}, {b, engine.EventFailed, noRoom},
		{a, engine.EventUndoStarted, ""},
	}
	stuck     = append(unwinding[:5:5], entry{a, engine.EventUndoFailed, noRoom})
	failed    = append(unwinding[:5:5], entry{a, engine.EventUndoFinished, ""})
	succeeded = []entry{
		{a, engine.EventStarted, ""}, {a, engine.EventSucceeded, `1`},
		{b, engine.EventStarted, ""}, {b, engine.EventSucceeded, `2`},
	}
	paused    = []entry{{start, engine.EventPaused, byAnn}}
	abandoned = append(paused[:1:1], entry{start, engine.EventAbandoned, byAnn})
)

func events(entries []entry) []engine.Event {
	var events []engine.Event
	for i, e := range entries {
		events = append(events, engine.Event{
			Seq: uint64(i), Node: e.node, Kind: e.kind, Payload: json.RawMessage(e.payload), At: at,
		})
	}
	return events
}

func replayed(t testing.TB, log []entry) *fold.Saga {
	t.Helper()
	s := &fold.Saga{DAG: chain(t, nil), Started: true}
	require.NoError(t, s.Replay(events(log)))
	return s
}

func TestState(t *testing.T) {
	for _, tt := range []struct {
		name       string
		log        []entry
		started    saga.State
		notStarted saga.State
	}{
		{"no event", nil, saga.StateRunning, saga.StateCreated},
		{"running", running, saga.StateRunning, saga.StateCreated},
		{"unwinding", unwinding, saga.StateUnwinding, saga.StateCreated},
		{"paused", paused, saga.StateRunning, saga.StateCreated},
		{"stuck", stuck, saga.StateStuck, saga.StateStuck},
		{"failed", failed, saga.StateFailed, saga.StateFailed},
		{"succeeded", succeeded, saga.StateSucceeded, saga.StateSucceeded},
		{"abandoned", abandoned, saga.StateAbandoned, saga.StateAbandoned},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for started, want := range map[bool]saga.State{true: tt.started, false: tt.notStarted} {
				replayed := fold.Saga{DAG: chain(t, nil), Started: started}
				require.NoError(t, replayed.Replay(events(tt.log)))
				assert.Equal(t, want, replayed.State(), "started: %t", started)

				applied := fold.Saga{DAG: chain(t, nil), Started: started}
				require.NoError(t, applied.Replay(nil))
				for _, e := range events(tt.log) {
					require.NoError(t, applied.Apply(e))
				}
				assert.Equal(t, want, applied.State(), "started: %t, event by event", started)
			}
		})
	}
}

// A saga of constants is finished as soon as it is created, and yet it waits
// for its start.
func TestSagaWithoutActionsWaitsForItsStart(t *testing.T) {
	dag, err := saga.NewSagaDAG(saga.NewDAGBuilder("s").Append(saga.ConstantNode("c", 1)).MustBuild(), nil)
	require.NoError(t, err)
	s := fold.Saga{DAG: dag}
	require.NoError(t, s.Replay(nil))
	assert.Equal(t, saga.StateCreated, s.State())
	s.Started = true
	assert.Equal(t, saga.StateSucceeded, s.State())
}

func TestCancelStartsASaga(t *testing.T) {
	s := fold.Saga{DAG: chain(t, nil)}
	require.NoError(t, s.Replay(nil))
	require.NoError(t, s.Apply(engine.Event{Kind: engine.EventCanceled, Payload: json.RawMessage(byAnn)}))
	assert.Equal(t, saga.StateFailed, s.State())
	assert.True(t, s.Started)
}

func TestIllegalEventChangesNothing(t *testing.T) {
	s := replayed(t, running)
	machine := s.Machine
	assert.ErrorIs(t, s.Replay(events([]entry{{b, engine.EventStarted, ""}})), executor.ErrIllegalEvent)
	assert.Same(t, machine, s.Machine)
	assert.ErrorIs(t, s.Apply(engine.Event{Seq: 7, Kind: engine.EventCanceled}), executor.ErrIllegalEvent)
	assert.Equal(t, saga.StateRunning, s.State())
}

func TestMatch(t *testing.T) {
	later := events(succeeded)
	for i := range later {
		later[i].At = at.Add(time.Hour)
	}
	other := events(succeeded)
	other[1].Payload = json.RawMessage(`3`)
	for _, tt := range []struct {
		name    string
		dag     *saga.SagaDAG
		events  []engine.Event
		log     []engine.Event
		message string // empty if it is the same saga
	}{
		{"new saga", chain(t, 1), nil, nil, ""},
		{"saga that has run since", chain(t, 1), events(running), nil, ""},
		{"imported log", chain(t, 1), events(succeeded), events(running), ""},
		{"other times", chain(t, 1), events(succeeded), later, ""},
		{"other parameters", chain(t, 2), nil, nil, "different DAG or different parameters"},
		{"unreadable DAG", nil, nil, nil, "different DAG or different parameters"},
		{"shorter log", chain(t, 1), events(running), events(succeeded), "different log"},
		{"other output", chain(t, 1), events(succeeded), other, "different log"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := fold.Match(tt.dag, tt.events, &saga.Log{ID: id, DAG: chain(t, 1), Events: tt.log})
			if tt.message == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, saga.ErrSagaExists)
			assert.ErrorContains(t, err, tt.message)
		})
	}
}
