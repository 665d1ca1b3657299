package fold_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/internal/fold"
)

const withOutput = `{"by":"ann","reason":"test","output":{"n":1}}`

// commandTests says, for each command and each kind of log, whether the command
// can be applied.
var commandTests = []struct {
	kind saga.EventKind
	node saga.NodePath
	log  []entry
	// event is what the command adds; "already" if it was applied before;
	// "wrong state" or "no such node" if it is an error.
	result string
}{
	{saga.EventCanceled, "", running, "event"},
	{saga.EventCanceled, "", unwinding, "event"},
	{saga.EventCanceled, "", stuck, "wrong state"},
	{saga.EventCanceled, "", failed, "wrong state"},
	{saga.EventCanceled, "", append(running[:1:1], entry{start, saga.EventCanceled, byAnn}), "already"},

	{saga.EventPaused, "", running, "event"},
	{saga.EventPaused, "", paused, "already"},
	{saga.EventPaused, "", succeeded, "wrong state"},
	{saga.EventResumed, "", running, "already"},
	{saga.EventResumed, "", paused, "event"},
	{saga.EventStepped, "", running, "wrong state"},
	{saga.EventStepped, "", paused, "event"},
	{saga.EventStepped, "", append(paused[:1:1], entry{start, saga.EventStepped, byAnn}), "already"},

	{saga.EventBreakpointSet, "b", running, "event"},
	{saga.EventBreakpointSet, "b", append(running[:1:1], entry{b, saga.EventBreakpointSet, byAnn}), "already"},
	{saga.EventBreakpointSet, "a", running, "wrong state"},
	{saga.EventBreakpointSet, "x", running, "no such node"},
	{saga.EventBreakpointCleared, "b", running, "already"},
	{saga.EventBreakpointCleared, "b", append(running[:1:1], entry{b, saga.EventBreakpointSet, byAnn}), "event"},

	{saga.EventUndoRetried, "a", stuck, "event"},
	{saga.EventUndoRetried, "a", append(stuck[:6:6], entry{a, saga.EventUndoRetried, byAnn}), "already"},
	{saga.EventUndoRetried, "a", unwinding, "already"},
	{saga.EventUndoRetried, "a", failed, "already"},
	{saga.EventUndoRetried, "b", stuck, "wrong state"},
	{saga.EventMarkedUndone, "a", stuck, "event"},
	{saga.EventMarkedUndone, "a", failed, "already"},
	{saga.EventMarkedUndone, "a", unwinding, "wrong state"},

	{saga.EventOutputSupplied, "a", stuck, "event"},
	{saga.EventOutputSupplied, "a", append(stuck[:6:6], entry{a, saga.EventOutputSupplied, withOutput}), "already"},
	{saga.EventOutputSupplied, "b", stuck, "wrong state"},
	{saga.EventOutputSupplied, "a", running, "wrong state"},

	{saga.EventAbandoned, "", paused, "event"},
	{saga.EventAbandoned, "", stuck, "event"},
	{saga.EventAbandoned, "", abandoned, "already"},
	{saga.EventAbandoned, "", running, "wrong state"},
}

func TestCommand(t *testing.T) {
	tested := map[saga.EventKind]bool{}
	for _, tt := range commandTests {
		tested[tt.kind] = true
		s := replayed(t, tt.log)
		before := s.Machine.NextSeq()
		audit := audit
		payload := byAnn
		if tt.kind == saga.EventOutputSupplied {
			audit.Output, payload = json.RawMessage(` { "n" : 1 } `), withOutput
		}
		t.Run(tt.kind.String()+"/"+s.State().String()+"/"+string(tt.node), func(t *testing.T) {
			command, err := fold.NewCommand(id, tt.kind, tt.node, audit)
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
				want := saga.Event{
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
	for _, kind := range saga.EventKinds() {
		assert.Equal(t, kind.IsCommand(), tested[kind], "%s", kind)
	}
}

// A final saga can't change. A command that its log has was applied.
func TestCommandOfAFinalSaga(t *testing.T) {
	log := slices.Concat(stuck, []entry{{a, saga.EventMarkedUndone, byAnn}})
	status := &saga.Status{DAG: chain(t, nil), Events: events(log), State: saga.StateFailed}
	for _, tt := range []struct {
		kind  saga.EventKind
		node  saga.NodePath
		error error
	}{
		{saga.EventMarkedUndone, "a", nil},
		{saga.EventMarkedUndone, "b", saga.ErrWrongState},
		{saga.EventMarkedUndone, "x", saga.ErrNodeNotFound},
		{saga.EventCanceled, "", saga.ErrWrongState},
	} {
		command, err := fold.NewCommand(id, tt.kind, tt.node, audit)
		require.NoError(t, err)
		assert.ErrorIs(t, command.Recorded(status), tt.error, "%s %s", tt.kind, tt.node)
	}
}

func TestCommandNeedsAnAudit(t *testing.T) {
	output := json.RawMessage(`1`)
	for _, tt := range []struct {
		name  string
		kind  saga.EventKind
		audit saga.Audit
	}{
		{"no operator", saga.EventPaused, saga.Audit{Reason: "test"}},
		{"no reason", saga.EventPaused, saga.Audit{By: "ann"}},
		{"no output", saga.EventOutputSupplied, audit},
		{
			"output that is not JSON", saga.EventOutputSupplied,
			saga.Audit{By: "ann", Reason: "test", Output: json.RawMessage(`{`)},
		},
		{"no operator of an output", saga.EventOutputSupplied, saga.Audit{Reason: "test", Output: output}},
	} {
		_, err := fold.NewCommand(id, tt.kind, "a", tt.audit)
		assert.ErrorIs(t, err, saga.ErrInvalidAudit, tt.name)
	}
	command, err := fold.NewCommand(id, saga.EventPaused, "", saga.Audit{By: "ann", Reason: "test", Output: output})
	require.NoError(t, err)
	assert.Equal(t, byAnn, string(command.Payload()), "only a supplied output is recorded")
	assert.Equal(t, saga.EventPaused, command.Kind())
}
