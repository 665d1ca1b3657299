package fold_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/internal/fold"
)

const withOutput = `{"by":"ann","reason":"test","output":{"n":1}}`

// commandTests says, for each command and each kind of log, whether the command
// can be applied.
var commandTests = []struct {
	kind engine.EventKind
	node saga.NodePath
	log  []entry
	// event is what the command adds; "already" if it was applied before;
	// "wrong state" or "no such node" if it is an error.
	result string
}{
	{engine.EventCanceled, "", running, "event"},
	{engine.EventCanceled, "", unwinding, "event"},
	{engine.EventCanceled, "", stuck, "wrong state"},
	{engine.EventCanceled, "", failed, "wrong state"},
	{engine.EventCanceled, "", append(running[:1:1], entry{start, engine.EventCanceled, byAnn}), "already"},

	{engine.EventPaused, "", running, "event"},
	{engine.EventPaused, "", paused, "already"},
	{engine.EventPaused, "", succeeded, "wrong state"},
	{engine.EventResumed, "", running, "already"},
	{engine.EventResumed, "", paused, "event"},
	{engine.EventStepped, "", running, "wrong state"},
	{engine.EventStepped, "", paused, "event"},
	{engine.EventStepped, "", append(paused[:1:1], entry{start, engine.EventStepped, byAnn}), "already"},

	{engine.EventBreakpointSet, "b", running, "event"},
	{engine.EventBreakpointSet, "b", append(running[:1:1], entry{b, engine.EventBreakpointSet, byAnn}), "already"},
	{engine.EventBreakpointSet, "a", running, "wrong state"},
	{engine.EventBreakpointSet, "x", running, "no such node"},
	{engine.EventBreakpointCleared, "b", running, "already"},
	{engine.EventBreakpointCleared, "b", append(running[:1:1], entry{b, engine.EventBreakpointSet, byAnn}), "event"},

	{engine.EventUndoRetried, "a", stuck, "event"},
	{engine.EventUndoRetried, "a", append(stuck[:6:6], entry{a, engine.EventUndoRetried, byAnn}), "already"},
	{engine.EventUndoRetried, "a", unwinding, "already"},
	{engine.EventUndoRetried, "a", failed, "already"},
	{engine.EventUndoRetried, "b", stuck, "wrong state"},
	{engine.EventMarkedUndone, "a", stuck, "event"},
	{engine.EventMarkedUndone, "a", failed, "already"},
	{engine.EventMarkedUndone, "a", unwinding, "wrong state"},

	{engine.EventOutputSupplied, "a", stuck, "event"},
	{engine.EventOutputSupplied, "a", append(stuck[:6:6], entry{a, engine.EventOutputSupplied, withOutput}), "already"},
	{engine.EventOutputSupplied, "b", stuck, "wrong state"},
	{engine.EventOutputSupplied, "a", running, "wrong state"},

	{engine.EventAbandoned, "", paused, "event"},
	{engine.EventAbandoned, "", stuck, "event"},
	{engine.EventAbandoned, "", abandoned, "already"},
	{engine.EventAbandoned, "", running, "wrong state"},
}

func TestCommand(t *testing.T) {
	tested := map[engine.EventKind]bool{}
	for _, tt := range commandTests {
		tested[tt.kind] = true
		s := replayed(t, tt.log)
		before := s.Machine.NextSeq()
		value, payload := saga.Command{Kind: tt.kind, Node: tt.node, Audit: audit}, byAnn
		if tt.kind == engine.EventOutputSupplied {
			value.Output, payload = json.RawMessage(` { "n" : 1 } `), withOutput
		}
		t.Run(tt.kind.String()+"/"+s.State().String()+"/"+string(tt.node), func(t *testing.T) {
			command, err := fold.NewCommand(id, value)
			require.NoError(t, err)
			event, applied, err := command.Apply(s, at)
			assert.Equal(t, tt.result == "event", applied)
			switch tt.result {
			case "event":
				require.NoError(t, err)
				node := start
				if tt.node != "" {
					node, err = s.DAG.Find(tt.node)
					require.NoError(t, err)
				}
				want := engine.Event{
					Seq: before, Node: node, Kind: tt.kind, Payload: json.RawMessage(payload), At: at,
				}
				assert.Equal(t, want, event)
				assert.Equal(t, before+1, s.Machine.NextSeq())

				_, applied, err = command.Apply(s, at)
				assert.False(t, applied, "a second time")
				assert.NoError(t, err, "a second time")
				return
			case "already":
				assert.NoError(t, err)
			case "wrong state":
				assert.ErrorIs(t, err, saga.ErrWrongState)
				assert.ErrorIs(t, err, executor.ErrIllegalEvent)
			case "no such node":
				assert.ErrorIs(t, err, saga.ErrNodeNotFound)
			}
			assert.Equal(t, before, s.Machine.NextSeq())
		})
	}
	for _, kind := range engine.EventKinds() {
		assert.Equal(t, kind.IsCommand(), tested[kind], "%s", kind)
	}
}

// A final saga can't change. A command that its log has was applied.
func TestCommandOfAFinalSaga(t *testing.T) {
	log := slices.Concat(stuck, []entry{{a, engine.EventMarkedUndone, byAnn}})
	status := &saga.Status{DAG: chain(t, nil), Events: events(log), State: saga.StateFailed}
	for _, tt := range []struct {
		kind  engine.EventKind
		node  saga.NodePath
		error error
	}{
		{engine.EventMarkedUndone, "a", nil},
		{engine.EventMarkedUndone, "b", saga.ErrWrongState},
		{engine.EventMarkedUndone, "x", saga.ErrNodeNotFound},
		{engine.EventCanceled, "", saga.ErrWrongState},
	} {
		command, err := fold.NewCommand(id, saga.Command{Kind: tt.kind, Node: tt.node, Audit: audit})
		require.NoError(t, err)
		assert.ErrorIs(t, command.Recorded(status), tt.error, "%s %s", tt.kind, tt.node)
	}
}

// A command is repeated only if it supplies the same output.
func TestSuppliedOutputOfAFinalSagaIsCompared(t *testing.T) {
	log := slices.Concat(running[:1:1], []entry{{a, engine.EventOutputSupplied, withOutput}})
	status := &saga.Status{DAG: chain(t, nil), Events: events(log), State: saga.StateSucceeded}
	for output, want := range map[string]error{`{"n": 1}`: nil, `{"n": 2}`: saga.ErrWrongState} {
		command, err := fold.NewCommand(id, saga.SupplyOutput("a", json.RawMessage(output), audit))
		require.NoError(t, err)
		assert.ErrorIs(t, command.Recorded(status), want, output)
	}
}

func TestCommandIsChecked(t *testing.T) {
	_, err := fold.NewCommand(id, saga.Pause(saga.Audit{Reason: "test"}))
	assert.ErrorIs(t, err, saga.ErrInvalidCommand)
	assert.ErrorContains(t, err, id.String())
}
