package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestAuditRequiresByAndReason(t *testing.T) {
	assert.NoError(t, saga.Audit{By: "ada", Reason: "customer called"}.Check())
	assert.NoError(t,
		saga.Audit{By: "ada", Reason: "customer called", Output: json.RawMessage(`{"Number":"h-1"}`)}.Check())
	for want, order := range map[string]saga.Audit{
		"invalid audit: By is empty":                   {Reason: "customer called"},
		"invalid audit: Reason is empty":               {By: "ada", Reason: " \n"},
		"invalid audit: Output is not JSON: \"{oops\"": {By: "ada", Reason: "x", Output: json.RawMessage(`{oops`)},
	} {
		err := order.Check()
		assert.EqualError(t, err, want)
		assert.ErrorIs(t, err, saga.ErrInvalidAudit)
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
	audit := encode(saga.Audit{By: "ada", Reason: "booked by phone", Output: json.RawMessage(`{"Number":"h-1"}`)})
	l := &saga.Log{ID: logID, DAG: withParams(t, tripDAG(t), nil)}
	for _, e := range []saga.Event{
		{Node: 1, Kind: saga.EventSucceeded, Payload: json.RawMessage(`{}`)},
		{Node: 2, Kind: saga.EventFailed, Payload: failed},
		{Node: 0, Kind: saga.EventPaused, Payload: audit},
		{Node: 2, Kind: saga.EventOutputSupplied, Payload: audit},
		{Node: 3, Kind: saga.EventIndeterminate, Payload: failed},
		{Node: 1, Kind: saga.EventUndoFailed, Payload: failed},
		{Node: 1, Kind: saga.EventUndoRetried, Payload: audit},
		{Node: 1, Kind: saga.EventUndoFailed, Payload: failed},
		{Node: 1, Kind: saga.EventMarkedUndone, Payload: audit},
		{Node: 0, Kind: saga.EventCanceled, Payload: json.RawMessage(`5`)},
		{Node: 0, Kind: saga.EventAbandoned, Payload: audit},
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
