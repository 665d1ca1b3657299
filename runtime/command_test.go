package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestCommandIsCompleteOrInvalid(t *testing.T) {
	ada := saga.Audit{By: "ada", Reason: "customer called"}
	for _, command := range everyCommand(ada) {
		assert.NoError(t, command.Check(), command)
		command.By = " "
		assert.ErrorIs(t, command.Check(), saga.ErrInvalidCommand, command)
	}
	for want, command := range map[string]saga.Command{
		`pause: Audit.By is empty; say who issues the command`:     saga.Pause(saga.Audit{Reason: "customer called"}),
		`cancel: Audit.Reason is empty; say why`:                   saga.Cancel(saga.Audit{By: "ada", Reason: " \n"}),
		`mark undone: Node is empty`:                               saga.MarkUndone("", ada),
		`supply output of "hotel": Output is empty`:                saga.SupplyOutput("hotel", nil, ada),
		`supply output of "hotel": Output is not JSON: "{oops"`:    saga.SupplyOutput("hotel", json.RawMessage(`{oops`), ada),
		`supply output of "hotel": Output is not JSON: "\"\xff\""`: saga.SupplyOutput("hotel", json.RawMessage("\"\xff\""), ada),
		`pause: By "\xff" or Reason "r" is not UTF-8`:              saga.Pause(saga.Audit{By: "\xff", Reason: "r"}),
		`pause: By "b" or Reason "\xff" is not UTF-8`:              saga.Pause(saga.Audit{By: "b", Reason: "\xff"}),
		`resume of "hotel": it concerns the whole saga, but Node is set`: {
			Kind: engine.EventResumed, Node: "hotel", Audit: ada},
		`abandon: it takes no output, but Output is set`: {
			Kind: engine.EventAbandoned, Output: json.RawMessage(`1`), Audit: ada},
		`succeeded is not the kind of a command; make commands with functions such as saga.Cancel`: {
			Kind: engine.EventSucceeded, Audit: ada},
	} {
		err := command.Check()
		assert.EqualError(t, err, "invalid command: "+want)
		assert.ErrorIs(t, err, saga.ErrInvalidCommand)
	}
}

func TestEveryKindOfCommandHasAConstructor(t *testing.T) {
	constructed := map[engine.EventKind]bool{}
	for _, command := range everyCommand(saga.Audit{}) {
		constructed[command.Kind] = true
	}
	for _, kind := range engine.EventKinds() {
		assert.Equal(t, kind.IsCommand(), constructed[kind], kind)
	}
}

func TestCommandsRoundTripAsJSON(t *testing.T) {
	for _, command := range everyCommand(saga.Audit{By: "ada", Reason: "test"}) {
		text, err := json.Marshal(command)
		require.NoError(t, err)
		var back saga.Command
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, command, back)
	}
	text, err := json.Marshal(saga.RetryUndo("hotel", saga.Audit{By: "ada", Reason: "fixed"}))
	require.NoError(t, err)
	assert.Equal(t, `{"kind":"undo_retried","node":"hotel","by":"ada","reason":"fixed"}`, string(text))
}

func everyCommand(audit saga.Audit) []saga.Command {
	return []saga.Command{
		saga.Cancel(audit), saga.Pause(audit), saga.Resume(audit), saga.Step(audit),
		saga.SetBreakpoint("hotel", audit), saga.ClearBreakpoint("hotel", audit),
		saga.RetryUndo("hotel", audit), saga.MarkUndone("hotel", audit),
		saga.SupplyOutput("hotel", json.RawMessage(`{"Number":"h-1"}`), audit), saga.Abandon(audit),
	}
}

// commandLog returns the log of a trip with operator commands: the failure of
// the hotel was resolved, and the refund of the payment was retried, failed
// again, and was marked undone.
func commandLog(t testing.TB) *saga.Log {
	t.Helper()
	encode := func(v any) json.RawMessage {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return text
	}
	failed := encode(saga.ActionError{Message: "no answer", Reason: saga.ReasonError, Attempts: 1})
	audit := json.RawMessage(`{"by":"ada","reason":"booked by phone","output":{"Number":"h-1"}}`)
	l := &saga.Log{ID: logID, DAG: withParams(t, tripDAG(t), nil)}
	for _, e := range []engine.Event{
		{Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`{}`)},
		{Node: 2, Kind: engine.EventFailed, Payload: failed},
		{Node: 0, Kind: engine.EventPaused, Payload: audit},
		{Node: 2, Kind: engine.EventOutputSupplied, Payload: audit},
		{Node: 3, Kind: engine.EventIndeterminate, Payload: failed},
		{Node: 1, Kind: engine.EventUndoFailed, Payload: failed},
		{Node: 1, Kind: engine.EventUndoRetried, Payload: audit},
		{Node: 1, Kind: engine.EventUndoFailed, Payload: failed},
		{Node: 1, Kind: engine.EventMarkedUndone, Payload: audit},
		{Node: 0, Kind: engine.EventCanceled, Payload: json.RawMessage(`5`)},
		{Node: 0, Kind: engine.EventAbandoned, Payload: audit},
	} {
		e.Seq = uint64(len(l.Events))
		l.Events = append(l.Events, e)
	}
	return l
}

func TestResolvedFailuresAreLeftOut(t *testing.T) {
	l := commandLog(t)
	var counts []int
	for n := range l.Events {
		counts = append(counts, len((&saga.Log{ID: l.ID, DAG: l.DAG, Events: l.Events[:n+1]}).Failures()))
	}
	assert.Equal(t, []int{0, 1, 1, 0, 1, 2, 1, 2, 1, 1, 1}, counts)
	assert.Equal(t, `node "flight" has an unknown outcome: no answer`, l.Failures()[0].String())
	assert.True(t, l.Unwinding())

	l.Events = l.Events[:4]
	assert.False(t, l.Unwinding(), "its only failure was resolved")
}

func TestLogShowsCommands(t *testing.T) {
	l := commandLog(t)
	assert.Contains(t, l.String(), `
003 N000 paused        by ada: booked by phone
004 N002 output_supplied hotel by ada: booked by phone
005 N003 indeterminate flight: no answer
`)
	assert.Contains(t, l.String(), `
010 N000 canceled      by : unreadable audit: "5"
011 N000 abandoned     by ada: booked by phone
`)
	assert.Equal(t, "ada", l.Abandoned().By)
	assert.Contains(t, l.Canceled().Reason, "unreadable")
	assert.Nil(t, failedLog(t).Canceled())
}

func TestAuditsRoundTrip(t *testing.T) {
	l := commandLog(t)
	text, err := json.Marshal(l)
	require.NoError(t, err)
	assert.Contains(t, string(text),
		`{"seq":3,"node":2,"name":"hotel","kind":"output_supplied",`+
			`"audit":{"by":"ada","reason":"booked by phone","output":{"Number":"h-1"}}}`)
	var back saga.Log
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, l.Events, back.Events)
	again, err := json.Marshal(&back)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
}
