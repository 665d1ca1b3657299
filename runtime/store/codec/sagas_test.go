package codec_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/codec"
)

// key returns a key that consists of one repeated byte.
func key(b byte) saga.Secret[[]byte] { return saga.NewSecret(bytes.Repeat([]byte{b}, 32)) }

// keyring returns a Keyring whose current key is the first one. Equal IDs have
// equal keys.
func keyring(t testing.TB, ids ...string) *codec.Keyring {
	t.Helper()
	keys := codec.Keys{Current: ids[0], Known: map[string]saga.Secret[[]byte]{}}
	for _, id := range ids {
		keys.Known[id] = key(id[len(id)-1])
	}
	k, err := codec.NewKeyring(keys)
	require.NoError(t, err)
	return k
}

// encode returns a store that encodes with a Keyring of these keys.
func encode(t testing.TB, inner store.Store, ids ...string) store.Store {
	t.Helper()
	return wrap(t, inner, codec.Config{Codec: keyring(t, ids...)})
}

func wrap(t testing.TB, inner store.Store, config codec.Config) store.Store {
	t.Helper()
	s, err := codec.New(inner, config)
	require.NoError(t, err)
	return s
}

const (
	plainDAG     = `{"version":1,"name":"book-trip","nodes":[{"value":"4111"}]}`
	plainParams  = `{"Card":"4111"}`
	plainPayload = `{"Number":"p-4111"}`
)

// newSaga returns a running saga without a lease. Its second event has a
// payload.
func newSaga() store.NewSaga {
	return store.NewSaga{
		ID: saga.NewID(), Name: "book-trip", DAG: []byte(plainDAG), Params: []byte(plainParams),
		State: saga.StateRunning, Owner: "alice",
		Events: []engine.Event{
			{Seq: 0, Node: 1, Kind: engine.EventStarted, At: time.Now()},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: []byte(plainPayload), At: time.Now()},
		},
	}
}

func create(t *testing.T, s store.Store) saga.ID {
	t.Helper()
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	return n.ID
}

func requireReadable(t *testing.T, s store.Store, id saga.ID) {
	t.Helper()
	record, err := s.Load(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, plainDAG, string(record.DAG))
	require.Equal(t, plainParams, string(record.Params))
	events, err := s.Events(t.Context(), id, 0, 0)
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Empty(t, events[0].Payload)
	require.Equal(t, plainPayload, string(events[1].Payload))
}

// requireUndecodable requires that the saga is listed, and that its DAG and its
// payload can't be decoded for the given reason.
func requireUndecodable(t *testing.T, s store.Store, id saga.ID, reason string) {
	t.Helper()
	record, err := s.Load(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, record.DAG)
	require.Empty(t, record.Params)
	require.EqualError(t, record.DAGErr, "saga DAG: "+reason)
	events, err := s.Events(t.Context(), id, 0, 0)
	require.ErrorIs(t, err, store.ErrUndecodable)
	require.EqualError(t, err, "stored payload can't be decoded: event 1, succeeded of node 1: "+reason)
	require.Empty(t, events)
	logs, err := s.Logs(t.Context(), []saga.ID{saga.NewID(), id})
	require.ErrorIs(t, err, store.ErrUndecodable)
	require.EqualError(t, err, "stored payload can't be decoded: event 1, succeeded of node 1: "+reason)
	require.Empty(t, logs)
	listed, err := s.List(t.Context(), saga.Query{Name: "book-trip"})
	require.NoError(t, err)
	require.Len(t, listed, 1)
}
