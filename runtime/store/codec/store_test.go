package codec_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/codec"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

func openDB(t testing.TB, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func openSQLite(t testing.TB, file string) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), openDB(t, file))
	require.NoError(t, err)
	return s
}

func TestEncryptedStoreConformsToStore(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		storetest.Test(t, func(t *testing.T) storetest.Opener {
			s := encode(t, store.NewMemory(), "2026")
			return func(*testing.T) store.Store { return s }
		}, storetest.Options{})
	})
	t.Run("sqlite", func(t *testing.T) {
		storetest.Test(t, func(t *testing.T) storetest.Opener {
			file := filepath.Join(t.TempDir(), "saga.db")
			return func(t *testing.T) store.Store { return encode(t, openSQLite(t, file), "2026") }
		}, storetest.Options{NoWatch: true})
	})
}

func TestStoreHoldsNoPlainText(t *testing.T) {
	inner := store.NewMemory()
	s := encode(t, inner, "2026")
	n := newSaga()
	payloads := map[engine.EventKind]string{ // one of each kind that has a payload
		engine.EventFailed: `{"message":"card 4111 is refused"}`, engine.EventIndeterminate: `{"message":"4111"}`,
		engine.EventUndoFailed: `{"message":"4111"}`, engine.EventPaused: `{"by":"ann","reason":"4111"}`,
		engine.EventOutputSupplied: `{"by":"ann","reason":"4111","output":"4111"}`,
	}
	require.NoError(t, s.Create(t.Context(), n))
	seq := uint64(len(n.Events))
	for kind, payload := range payloads {
		require.NoError(t, s.Append(t.Context(), store.Append{
			ID: n.ID, Generation: 1, Seq: seq, State: saga.StateRunning,
			Events: []engine.Event{{Seq: seq, Kind: kind, Payload: []byte(payload)}},
		}))
		seq++
	}
	record, err := inner.Load(t.Context(), n.ID)
	require.NoError(t, err)
	for _, word := range []string{"4111", "Card", "version"} {
		assert.NotContains(t, string(record.DAG), word)
		assert.NotContains(t, string(record.Params), word)
	}
	stored, err := inner.Events(t.Context(), n.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, stored, len(n.Events)+len(payloads))
	for _, e := range stored {
		assert.NotContains(t, string(e.Payload), "4111", e.Kind)
		assert.Equal(t, e.Kind == engine.EventStarted, len(e.Payload) == 0, e.Kind)
	}
	decoded, err := s.Events(t.Context(), n.ID, uint64(len(n.Events)), 0)
	require.NoError(t, err)
	for _, e := range decoded {
		assert.Equal(t, payloads[e.Kind], string(e.Payload))
	}
}

func TestEncodingDoesNotModifyTheCallersData(t *testing.T) {
	n := newSaga()
	require.NoError(t, encode(t, store.NewMemory(), "2026").Create(t.Context(), n))
	assert.Equal(t, plainPayload, string(n.Events[1].Payload))
	assert.Equal(t, plainDAG, string(n.DAG))
	assert.Equal(t, plainParams, string(n.Params))
}

func TestPlainAndEncodedSagasLiveInOneStore(t *testing.T) {
	inner := store.NewMemory()
	old := create(t, inner)
	s := encode(t, inner, "2026")
	encoded := create(t, s)
	requireReadable(t, s, old)
	requireReadable(t, s, encoded)

	leaving := wrap(t, inner, codec.Config{Codec: keyring(t, "2026"), WritePlain: true})
	plain := create(t, leaving)
	for _, id := range []saga.ID{old, encoded, plain} {
		requireReadable(t, leaving, id)
	}
	requireReadable(t, inner, plain)
}

func TestRefusePlainRejectsPlainData(t *testing.T) {
	inner := store.NewMemory()
	id := create(t, inner)
	s := wrap(t, inner, codec.Config{Codec: keyring(t, "2026"), RefusePlain: true})
	requireUndecodable(t, s, id, "data is not encoded, and Config.RefusePlain is set")
	requireReadable(t, s, create(t, s))
}

func TestErrorNamesTheUnknownKey(t *testing.T) {
	inner := store.NewMemory()
	id := create(t, encode(t, inner, "2025"))
	s := encode(t, inner, "2026")
	requireUndecodable(t, s, id, `key "2025" is not in the keyring`)
	_, err := s.Events(t.Context(), id, 0, 0)
	require.ErrorIs(t, err, codec.ErrUnknownKey)
}

func TestUndecodableSagaIsClaimedWithTheOthers(t *testing.T) {
	inner := store.NewMemory()
	first := create(t, encode(t, inner, "2026"))
	poison := create(t, encode(t, inner, "2025"))
	last := create(t, encode(t, inner, "2026"))
	claimed, err := encode(t, inner, "2026").Claim(t.Context(), store.Claim{Owner: "bob"})
	require.NoError(t, err)
	require.Len(t, claimed, 3)
	for i, id := range []saga.ID{first, poison, last} {
		require.Equal(t, id, claimed[i].ID)
	}
	assert.Equal(t, plainDAG, string(claimed[0].DAG))
	assert.ErrorContains(t, claimed[1].DAGErr, `key "2025" is not in the keyring`)
	assert.Equal(t, plainDAG, string(claimed[2].DAG))
}

func TestDamagedDataIsAnError(t *testing.T) {
	for reason, damage := range map[string]func([]byte) []byte{
		"data is truncated": func(b []byte) []byte { return b[:3] },
		"data has encoding version 2, want 1: use a newer program": func(b []byte) []byte {
			b[3] = 2
			return b
		},
	} {
		inner := store.NewMemory()
		n, s := newSaga(), encode(t, inner, "2026")
		require.NoError(t, s.Create(t.Context(), n))
		record, err := inner.Load(t.Context(), n.ID)
		require.NoError(t, err)
		stored, err := inner.Events(t.Context(), n.ID, 0, 0)
		require.NoError(t, err)

		n.Events = stored
		stored[1].Payload = damage(stored[1].Payload)
		for _, part := range []*[]byte{&n.DAG, &n.Params} {
			n.DAG, n.Params = bytes.Clone(record.DAG), bytes.Clone(record.Params)
			*part = damage(*part)
			damaged := store.NewMemory()
			require.NoError(t, damaged.Create(t.Context(), n))
			requireUndecodable(t, encode(t, damaged, "2026"), n.ID, reason)
		}
	}
}

// brokenCodec returns an error instead of encoding.
type brokenCodec struct{ codec.Codec }

var errBroken = errors.New("broken")

func (brokenCodec) Encode(codec.Place, []byte) ([]byte, error) { return nil, errBroken }

func TestEncodingErrorChangesNothing(t *testing.T) {
	inner := store.NewMemory()
	id := create(t, inner)
	s := wrap(t, inner, codec.Config{Codec: brokenCodec{}})
	require.ErrorIs(t, s.Create(t.Context(), newSaga()), errBroken)
	a := store.Append{
		ID: id, Generation: 1, Seq: 2, State: saga.StateFailed,
		Events: []engine.Event{{Seq: 2, Kind: engine.EventFailed, Payload: []byte("1")}},
	}
	require.ErrorIs(t, s.Append(t.Context(), a), errBroken)
	records, err := s.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	require.Len(t, records, 1)
	assert.Equal(t, saga.StateRunning, records[0].State)
	assert.EqualValues(t, 2, records[0].NextSeq)
}

// flipping is a custom codec.
type flipping struct{}

func (flipping) Encode(_ codec.Place, plain []byte) ([]byte, error) { return flip(plain), nil }
func (flipping) Decode(_ codec.Place, b []byte) ([]byte, error)     { return flip(b), nil }

func flip(b []byte) []byte { return bytes.Map(func(r rune) rune { return r ^ 1 }, b) }

func TestStoreWorksWithACustomCodec(t *testing.T) {
	inner := store.NewMemory()
	s := wrap(t, inner, codec.Config{Codec: flipping{}})
	requireReadable(t, s, create(t, s))
}

func TestNewChecksItsArguments(t *testing.T) {
	for _, bad := range []codec.Config{{}, {Codec: flipping{}, WritePlain: true, RefusePlain: true}} {
		_, err := codec.New(store.NewMemory(), bad)
		assert.ErrorContains(t, err, "codec: config: ")
	}
	_, err := codec.New(nil, codec.Config{Codec: flipping{}})
	assert.Error(t, err)
}

// watched is a store that wakes its watchers at once.
type watched struct{ store.Store }

func (watched) Watch(_ context.Context, wake func()) error {
	wake()
	return errBroken
}

func TestStoreWatchesTheInnerStore(t *testing.T) {
	woken := false
	err := encode(t, watched{store.NewMemory()}, "2026").Watch(t.Context(), func() { woken = true })
	require.ErrorIs(t, err, errBroken)
	assert.True(t, woken)
}
