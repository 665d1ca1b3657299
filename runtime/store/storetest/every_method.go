package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

var everyMethodPromises = []promise{
	{
		name:   "retains no argument",
		check:  everyMethodRetainsNoArgument,
		quotes: []string{"A store doesn't retain its arguments, and the caller may modify the results."},
	},
	{
		name:  "returns bytes unchanged",
		check: everyMethodReturnsBytesUnchanged,
		quotes: []string{
			"Payloads, DAGs and parameters are returned byte for byte, but an empty one becomes nil.",
			"The times of events are kept to the millisecond or better.",
		},
	},
	{
		name:  "rejects malformed arguments",
		check: everyMethodRejectsMalformedArguments,
		quotes: []string{
			"A store rejects arguments for which the Check method of NewSaga, Append or Claim returns an error, and " +
				"changes nothing.",
			"Owner is the claimant. Required.",
		},
	},
	{
		name:   "changes nothing if the context is done",
		check:  everyMethodChangesNothingIfContextIsDone,
		quotes: []string{"If the context is already done, a method changes nothing and returns the context's error."},
	},
}

func everyMethodRetainsNoArgument(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateRunning)
	n.Events[0].Payload = json.RawMessage(`"given"`)
	a := next(n.ID, 1, 2, 2)
	a.Events[0].Payload = json.RawMessage(`"given"`)
	dag, params := bytes.Clone(n.DAG), bytes.Clone(n.Params)
	want := append(cloneEvents(n.Events), cloneEvents(a.Events)...)
	create(t, s, n)
	require.NoError(t, s.Append(t.Context(), a))
	require.Equal(t, string(dag), string(n.DAG))
	require.Equal(t, string(params), string(n.Params))
	overwrite(n.DAG)
	overwrite(n.Params)
	overwriteEvents(n.Events)
	overwriteEvents(a.Events)
	requireEvents(t, s, n.ID, want)

	for range 2 {
		record := load(t, s, n.ID)
		require.Equal(t, string(dag), string(record.DAG))
		require.Equal(t, string(params), string(record.Params))
		overwrite(record.DAG)
		overwrite(record.Params)
		log, err := s.Events(t.Context(), n.ID, 0, 0)
		require.NoError(t, err)
		requireSameEvents(t, want, log)
		overwriteEvents(log)
		part, err := s.Events(t.Context(), n.ID, 1, 2)
		require.NoError(t, err)
		_ = append(part, engine.Event{}) // must not overwrite the next event
		for _, owner := range []string{bob, alice} {
			claimed := claim(t, s, store.Claim{Owner: owner})
			require.Equal(t, string(dag), string(claimed[0].DAG))
			require.Equal(t, string(params), string(claimed[0].Params))
			overwrite(claimed[0].DAG)
			overwrite(claimed[0].Params)
		}
	}
}

func everyMethodReturnsBytesUnchanged(t *testing.T, s store.Store) {
	payloads := []string{
		`"\u0000"`, "\x00", "\xff\xfe", `{"b":1, "a":2,"a":1e400}`, " \n1 ", `"'; DROP TABLE saga_event; --"`,
		"\"\u2028\U0001F6EB\"", `"` + strings.Repeat("x", 1<<20) + `"`, "null",
	}
	n := newSaga()
	n.Name = `näme'";--%_?1 ` + "\u2028\U0001F6EB"
	n.Owner, n.Queue = `owner'";--%_$1`, `quéue'";--%_$1 {,}\ `
	n.DAG = []byte("\x00\xff" + strings.Repeat(`{"a" : 1}`, 100_000))
	n.Params = []byte("\xff\x00" + strings.Repeat(`{"b" : 1}`, 100_000))
	n.Events = events(0, len(payloads)+2)
	for i, payload := range payloads {
		n.Events[i].Payload = json.RawMessage(payload)
	}
	empty := len(payloads)
	n.Events[empty].Payload, n.Events[empty+1].Payload = nil, json.RawMessage{}
	n.Events[0].At = time.Time{}
	n.Events[1].At = time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)
	n.Events[2].At = time.Date(2026, 11, 24, 9, 0, 0, 123456789, time.FixedZone("", 3600))
	n.Events[3].At = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	create(t, s, n)
	a := next(n.ID, 1, uint64(len(n.Events)), len(payloads))
	for i, payload := range payloads {
		a.Events[i].Payload = json.RawMessage(payload)
	}
	require.NoError(t, s.Append(t.Context(), a))
	requireEvents(t, s, n.ID, append(n.Events, a.Events...))

	got := load(t, s, n.ID)
	assert.True(t, bytes.Equal(n.DAG, got.DAG), "the DAG is unchanged")
	assert.True(t, bytes.Equal(n.Params, got.Params), "the parameters are unchanged")
	assert.Equal(t, n.Name, got.Name)
	assert.Equal(t, n.Owner, got.Owner)
	assert.Equal(t, n.Queue, got.Queue)
	assert.Equal(t, sagaIDs(n), list(t, s, saga.Query{Name: n.Name}))
	assert.Equal(t, sagaIDs(n), list(t, s, saga.Query{Owner: n.Owner, Queues: []string{n.Queue}}))
	require.NoError(t, s.Renew(t.Context(), n.Owner, 0))
	assert.Equal(t, sagaIDs(n), recordIDs(claim(t, s, store.Claim{Owner: n.Owner + "x", Queue: n.Queue})))

	log, err := s.Events(t.Context(), n.ID, 0, 0)
	require.NoError(t, err)
	assert.Nil(t, log[empty].Payload)
	assert.Nil(t, log[empty+1].Payload)
	assert.True(t, log[0].At.IsZero())
}

func everyMethodRejectsMalformedArguments(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateRunning)
	create(t, s, n)
	requireUnchanged(t, s, n.ID, func() {
		for what, malform := range malformedSagas {
			m := newSaga()
			malform(&m)
			assert.Error(t, s.Create(t.Context(), m), what)
		}
		for what, malform := range malformedAppends {
			a := next(n.ID, 1, 2, 2)
			malform(&a)
			assert.Error(t, s.Append(t.Context(), a), what)
		}
		for _, c := range []store.Claim{
			{}, {Owner: "\x00"}, {Owner: "\xff"}, {Owner: bob, Queue: "\x00"}, {Owner: bob, Queue: "\xff"},
		} {
			_, err := s.Claim(t.Context(), c)
			assert.Error(t, err, "%+v", c)
		}
	})
}

func everyMethodChangesNothingIfContextIsDone(t *testing.T, s store.Store) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	n, final := newSagaIn(saga.StateRunning), newSagaIn(saga.StateFailed)
	create(t, s, n, final)
	requireUnchanged(t, s, n.ID, func() {
		require.ErrorIs(t, s.Create(done, newSaga()), context.Canceled)
		require.ErrorIs(t, s.Append(done, next(n.ID, 1, 2, 1)), context.Canceled)
		_, err := s.Load(done, n.ID)
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.Events(done, n.ID, 0, 0)
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.Logs(done, []saga.ID{n.ID})
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.List(done, saga.Query{})
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.Claim(done, store.Claim{Owner: bob})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, s.Renew(done, alice, time.Hour), context.Canceled)
		require.ErrorIs(t, s.Release(done, n.ID, 1), context.Canceled)
		require.ErrorIs(t, s.Delete(done, final.ID), context.Canceled)
	})
	assert.Equal(t, sagaIDs(n), recordIDs(claim(t, s, store.Claim{Owner: bob})), "Renew has not extended the lease")
}

var malformedSagas = map[string]func(*store.NewSaga){
	"no id":              func(n *store.NewSaga) { n.ID = saga.ID{} },
	"no name":            func(n *store.NewSaga) { n.Name = "" },
	"name not UTF-8":     func(n *store.NewSaga) { n.Name = "a\xff" },
	"name with NUL":      func(n *store.NewSaga) { n.Name = "a\x00b" },
	"owner not UTF-8":    func(n *store.NewSaga) { n.Owner = "a\xff" },
	"owner with NUL":     func(n *store.NewSaga) { n.Owner = "a\x00b" },
	"queue not UTF-8":    func(n *store.NewSaga) { n.Queue = "a\xff" },
	"queue with NUL":     func(n *store.NewSaga) { n.Queue = "a\x00b" },
	"no DAG":             func(n *store.NewSaga) { n.DAG = nil },
	"no state":           func(n *store.NewSaga) { n.State = 0 },
	"unknown state":      func(n *store.NewSaga) { n.State = saga.StateAbandoned + 1 },
	"first event not 0":  func(n *store.NewSaga) { n.Events = events(1, 1) },
	"gap between events": func(n *store.NewSaga) { n.Events[1].Seq = 2 },
	"event with no kind": func(n *store.NewSaga) { n.Events[1].Kind = 0 },
}

var malformedAppends = map[string]func(*store.Append){
	"no state":                func(a *store.Append) { a.State = 0 },
	"unknown state":           func(a *store.Append) { a.State = 255 },
	"first event not at Seq":  func(a *store.Append) { a.Events = a.Events[1:] },
	"gap between events":      func(a *store.Append) { a.Events[1].Seq = 9 },
	"same event twice":        func(a *store.Append) { a.Events[1].Seq = 2 },
	"event of unknown kind":   func(a *store.Append) { a.Events[1].Kind = engine.EventAbandoned + 1 },
	"negative node":           func(a *store.Append) { a.Events[1].Node = -1 },
	"event number too large":  func(a *store.Append) { a.Seq = 1<<63 - 1; a.Events = events(a.Seq, 2) },
	"event number overflowed": func(a *store.Append) { a.Seq = 1<<64 - 1; a.Events = events(a.Seq, 2) },
}

func cloneEvents(from []engine.Event) []engine.Event {
	events := make([]engine.Event, len(from))
	for i, e := range from {
		events[i] = e
		events[i].Payload = bytes.Clone(e.Payload)
	}
	return events
}

func overwrite(b []byte) {
	for i := range b {
		b[i] = '!'
	}
}

func overwriteEvents(events []engine.Event) {
	for i := range events {
		overwrite(events[i].Payload)
		events[i] = engine.Event{Seq: 99}
	}
}
