package saga_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

var logID = saga.ID{0x04, 0x9b, 0x25, 0x22, 0x30, 0x8d, 0x44, 0x2e, 0xbc, 0x65, 0x9b, 0xfa, 0xef, 0x86, 0x35, 0x97}

// failedLog returns the log of a trip whose payment succeeded and whose hotel
// failed.
func failedLog(t testing.TB) *saga.Log {
	t.Helper()
	at := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	failure, err := json.Marshal(saga.NewActionError(errors.New("no room"), saga.ReasonError, 1))
	require.NoError(t, err)
	return &saga.Log{ID: logID, DAG: withParams(t, tripDAG(t), trip{Hotel: "Ritz"}), Events: []engine.Event{
		{Seq: 0, Node: 1, Kind: engine.EventStarted, At: at},
		{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`{"Number":"p-1"}`),
			At: at.Add(time.Second)},
		{Seq: 2, Node: 2, Kind: engine.EventStarted},
		{Seq: 3, Node: 2, Kind: engine.EventFailed, Payload: failure},
		{Seq: 4, Node: 1, Kind: engine.EventUndoStarted},
		{Seq: 5, Node: 1, Kind: engine.EventUndoFinished},
	}}
}

func TestLogHasThisJSON(t *testing.T) {
	log := failedLog(t)
	text, err := json.Marshal(log)
	require.NoError(t, err)
	dag, err := json.Marshal(log.DAG)
	require.NoError(t, err)
	assert.Equal(t, `{"version":1,"saga_id":"049b2522-308d-442e-bc65-9bfaef863597","dag":`+string(dag)+`,"events":[`+
		`{"seq":0,"node":1,"name":"payment","kind":"started","at":"2026-11-24T08:00:00Z"},`+
		`{"seq":1,"node":1,"name":"payment","kind":"succeeded","output":{"Number":"p-1"},"at":"2026-11-24T08:00:01Z"},`+
		`{"seq":2,"node":2,"name":"hotel","kind":"started"},`+
		`{"seq":3,"node":2,"name":"hotel","kind":"failed",`+
		`"error":{"message":"no room","reason":"error","attempts":1}},`+
		`{"seq":4,"node":1,"name":"payment","kind":"undo_started"},`+
		`{"seq":5,"node":1,"name":"payment","kind":"undo_finished"}]}`, string(text))
}

func TestLogRoundTrip(t *testing.T) {
	log := failedLog(t)
	for _, marshal := range []func(any) ([]byte, error){
		json.Marshal,
		func(v any) ([]byte, error) { return json.MarshalIndent(v, "", "\t") },
	} {
		text, err := marshal(log)
		require.NoError(t, err)
		var back saga.Log
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, log.ID, back.ID)
		assert.True(t, log.DAG.Equal(back.DAG))
		assert.Equal(t, log.Events, back.Events)
	}
}

func TestLogIsReadable(t *testing.T) {
	assert.Equal(t, `SAGA LOG:
saga id:   049b2522-308d-442e-bc65-9bfaef863597
saga name: book-trip
direction: unwinding
events (6 total):

001 N001 started       payment
002 N001 succeeded     payment
003 N002 started       hotel
004 N002 failed        hotel: no room
005 N001 undo_started  payment
006 N001 undo_finished payment
`, failedLog(t).String())

	empty := &saga.Log{ID: logID, DAG: withParams(t, tripDAG(t), nil)}
	assert.Contains(t, empty.String(), "direction: forward\nevents (0 total):\n")
}

func TestFailuresOfALog(t *testing.T) {
	log := failedLog(t)
	assert.True(t, log.Unwinding())
	failures := log.Failures()
	require.Len(t, failures, 1)
	assert.Equal(t, saga.NodePath("hotel"), failures[0].Path)
	assert.Equal(t, engine.EventFailed, failures[0].Kind)
	assert.EqualError(t, failures[0].Err, "no room")

	log.Events = log.Events[:3]
	assert.False(t, log.Unwinding())
	assert.Empty(t, log.Failures())
}

func TestInvalidLogIsDisplayed(t *testing.T) {
	log := failedLog(t)
	log.Events = []engine.Event{
		{Node: 99, Kind: engine.EventFailed, Payload: json.RawMessage(`"x"`)},
		{Node: -1, Kind: engine.EventUndoFailed},
		{Node: 1, Kind: engine.EventIndeterminate, Payload: json.RawMessage(`null`)},
	}
	var texts []string
	for _, f := range log.Failures() {
		texts = append(texts, f.String())
	}
	assert.Equal(t, []string{
		`node "" failed: unreadable error: "\"x\""`,
		`undo of node "" failed: unreadable error: ""`,
		`node "payment" has an unknown outcome: unreadable error: "null"`,
	}, texts)
	assert.Contains(t, log.String(), "001 N099 failed        : unreadable error")
	_, err := json.Marshal(log)
	assert.NoError(t, err)
}

func TestLogRejectsInvalidJSON(t *testing.T) {
	dag, err := json.Marshal(withParams(t, tripDAG(t), nil))
	require.NoError(t, err)
	withEvents := func(events string) string {
		return `{"version":1,"saga_id":"` + logID.String() + `","dag":` + string(dag) + `,"events":[` + events + `]}`
	}
	require.NoError(t, json.Unmarshal([]byte(withEvents(``)), new(saga.Log)))

	for name, tt := range map[string]struct{ text, want string }{
		"no version": {`{}`, `saga log: version 0 is unknown, want 1: another version of this package wrote it`},
		"later version": {`{"version":2}`,
			`saga log: version 2 is unknown, want 1: another version of this package wrote it`},
		"no id":  {`{"version":1,"dag":` + string(dag) + `}`, `saga log: it has no "saga_id"`},
		"bad id": {`{"version":1,"saga_id":"x"}`, `saga log: saga id "x": want 36 characters`},
		"no DAG": {`{"version":1,"saga_id":"` + logID.String() + `"}`, `saga log: it has no "dag"`},
		"bad DAG": {`{"version":1,"saga_id":"` + logID.String() + `","dag":{}}`,
			`saga log: saga DAG: version 0 is unknown`},
		"event missing": {withEvents(`{"seq":1,"node":1,"kind":"started"}`),
			`saga log: event 0 has seq 1: events are missing or out of order`},
		"event twice": {withEvents(`{"seq":0,"node":1,"kind":"started"},{"seq":0,"node":1,"kind":"started"}`),
			`saga log: event 1 has seq 0: events are missing or out of order`},
		"no such node": {withEvents(`{"seq":0,"node":7,"kind":"started"}`),
			`saga log: event 0: the DAG has no node 7 ""`},
		"negative node": {withEvents(`{"seq":0,"node":-1,"kind":"started"}`),
			`saga log: event 0: the DAG has no node -1 ""`},
		"another's name": {withEvents(`{"seq":0,"node":1,"name":"hotel","kind":"started"}`),
			`saga log: event 0: the DAG has no node 1 "hotel"`},
		"no kind": {withEvents(`{"seq":0,"node":1}`), `saga log: event 0 has no kind`},
		"unknown kind": {withEvents(`{"seq":0,"node":1,"kind":"exploded"}`),
			`saga log: event kind "exploded" is unknown`},
		"time that's odd": {withEvents(`{"seq":0,"node":1,"kind":"started","at":"noon"}`), `saga log: parsing time`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, json.Unmarshal([]byte(tt.text), new(saga.Log)), tt.want)
		})
	}

	_, err = json.Marshal(&saga.Log{ID: logID})
	assert.ErrorContains(t, err, "saga has no DAG")
}

func FuzzLogJSON(f *testing.F) {
	log := failedLog(f)
	text, err := json.Marshal(log)
	require.NoError(f, err)
	f.Add(text)
	log.DAG, log.Events = withParams(f, nestedDAG(f), nil), log.Events[:1]
	text, err = json.MarshalIndent(log, "", " ")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(strings.Replace(string(text), `"kind": "started"`,
		`"kind": "undo_failed", "error": { "message" : "<>" }`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var log saga.Log
		if json.Unmarshal(text, &log) != nil {
			return
		}
		first, err := json.Marshal(&log)
		require.NoError(t, err)
		var back saga.Log
		require.NoError(t, json.Unmarshal(first, &back))
		second, err := json.Marshal(&back)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
		for _, f := range back.Failures() {
			require.NotEmpty(t, f.String())
		}
		require.Contains(t, back.String(), "SAGA LOG")
	})
}
