package codec_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/codec"
)

var here = codec.Place{Saga: saga.ID{1}, Seq: 2, Node: 3, Kind: engine.EventSucceeded}

func sealed(t testing.TB, k *codec.Keyring, plain string) []byte {
	t.Helper()
	b, err := k.Encode(here, []byte(plain))
	require.NoError(t, err)
	return b
}

func TestCurrentKeyEncryptsAndKnownKeysDecrypt(t *testing.T) {
	before, after := keyring(t, "2025"), keyring(t, "2026", "2025")
	old, fresh := sealed(t, before, "old"), sealed(t, after, "fresh")
	for stored, plain := range map[string]string{string(old): "old", string(fresh): "fresh"} {
		got, err := after.Decode(here, []byte(stored))
		require.NoError(t, err)
		assert.Equal(t, plain, string(got))
	}
	_, err := before.Decode(here, fresh)
	require.ErrorIs(t, err, codec.ErrUnknownKey)
	assert.EqualError(t, err, `key "2026" is not in the keyring`)
}

func TestEncryptionIsNotDeterministic(t *testing.T) {
	k := keyring(t, "2026")
	assert.NotEqual(t, sealed(t, k, "same"), sealed(t, k, "same"))
}

func TestEncryptedTextIsLongerByItsHeader(t *testing.T) {
	inner := store.NewMemory()
	id := create(t, encode(t, inner, "2026"))
	record, err := inner.Load(t.Context(), id)
	require.NoError(t, err)
	assert.Len(t, record.DAG, len(plainDAG)+33+len("2026"))
}

func TestMovedDataDoesNotDecrypt(t *testing.T) {
	k := keyring(t, "2026")
	stored := sealed(t, k, "plain")
	for what, move := range map[string]func(*codec.Place){
		"another saga":  func(p *codec.Place) { p.Saga[15] = 1 },
		"another event": func(p *codec.Place) { p.Seq++ },
		"another node":  func(p *codec.Place) { p.Node++ },
		"another kind":  func(p *codec.Place) { p.Kind++ },
		"the DAG":       func(p *codec.Place) { *p = codec.Place{Saga: p.Saga} },
		"parameters":    func(p *codec.Place) { *p = codec.Place{Saga: p.Saga, Params: true} },
	} {
		there := here
		move(&there)
		_, err := k.Decode(there, bytes.Clone(stored))
		assert.ErrorContains(t, err, `data doesn't decrypt with key "2026"`, what)
	}
	_, err := k.Decode(here, stored)
	assert.NoError(t, err)
}

func TestPlacesHaveUniqueBinaryForms(t *testing.T) {
	seen := map[string]codec.Place{}
	add := func(p codec.Place) {
		b, err := p.AppendBinary(nil)
		require.NoError(t, err)
		require.NotContains(t, seen, string(b), p)
		seen[string(b)] = p
	}
	for _, id := range []saga.ID{{}, {1}, {15: 1}} {
		add(codec.Place{Saga: id, Params: true})
	}
	for _, seq := range []uint64{0, 1, 256, 1 << 40} {
		for _, node := range []engine.NodeID{0, 1, 256, 1 << 20} {
			for kind := range engine.EventAbandoned + 1 {
				for _, id := range []saga.ID{{}, {1}, {15: 1}} {
					add(codec.Place{Saga: id, Seq: seq, Node: node, Kind: kind})
				}
			}
		}
	}
	assert.Equal(t, "event 2, succeeded of node 3", here.String())
	assert.Equal(t, "DAG", codec.Place{Saga: saga.ID{1}}.String())
	assert.Equal(t, "parameters", codec.Place{Saga: saga.ID{1}, Params: true}.String())
}

func TestEveryAlteredByteIsNoticed(t *testing.T) {
	k := keyring(t, "2026")
	stored := sealed(t, k, "plain")
	for i := range stored {
		for _, bit := range []byte{1, 128} {
			altered := bytes.Clone(stored)
			altered[i] ^= bit
			_, err := k.Decode(here, altered)
			require.Error(t, err, "byte %d", i)
		}
		_, err := k.Decode(here, stored[:i])
		require.Error(t, err, "%d bytes", i)
	}
}

func TestAnotherKeyOfTheSameIDDoesNotDecrypt(t *testing.T) {
	other, err := codec.NewKeyring(codec.Keys{Current: "2026", Known: map[string]saga.Secret[[]byte]{"2026": key('x')}})
	require.NoError(t, err)
	_, err = other.Decode(here, sealed(t, keyring(t, "2026"), "plain"))
	assert.ErrorContains(t, err, `encrypted with another key of that id`)
}

func TestKeyringWithoutACurrentKeyOnlyDecrypts(t *testing.T) {
	k, err := codec.NewKeyring(codec.Keys{Known: map[string]saga.Secret[[]byte]{"2026": key('6')}})
	require.NoError(t, err)
	plain, err := k.Decode(here, sealed(t, keyring(t, "2026"), "plain"))
	require.NoError(t, err)
	assert.Equal(t, "plain", string(plain))
	_, err = k.Encode(here, []byte("plain"))
	assert.ErrorContains(t, err, "no current key")
}

func TestNewKeyringChecksItsKeys(t *testing.T) {
	type known = map[string]saga.Secret[[]byte]
	short, long := saga.NewSecret(make([]byte, 16)), strings.Repeat("x", 64)
	for want, keys := range map[string]codec.Keys{
		`codec: key "short" has 16 bytes, want 32`:                  {Known: known{"short": short}},
		`codec: key "none" has 0 bytes, want 32`:                    {Known: known{"none": {}}},
		`codec: key id "" has 0 bytes, want 1 to 64`:                {Known: known{"": key('x')}},
		`has 65 bytes, want 1 to 64`:                                {Known: known{long + "x": key('x')}},
		`codec: the current key "2027" is not among the known keys`: {Current: "2027", Known: known{"2026": key('x')}},
		`codec: the current key "2026" is not among the known keys`: {Current: "2026"},
	} {
		_, err := codec.NewKeyring(keys)
		assert.ErrorContains(t, err, want)
	}
	_, err := codec.NewKeyring(codec.Keys{Current: long, Known: known{long: key('x')}})
	assert.NoError(t, err)
}

func TestKeysAreNotPrinted(t *testing.T) {
	keys := codec.Keys{Current: "2026", Known: map[string]saga.Secret[[]byte]{"2026": key('K')}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		assert.NotRegexp(t, `KKK|4b4b|0x4b|75 75`, fmt.Sprintf(verb, keys), verb)
	}
}

func FuzzDecode(f *testing.F) {
	k := keyring(f, "2026")
	f.Add(sealed(f, k, "plain"))
	f.Add([]byte{})
	f.Add([]byte{255})
	f.Add(bytes.Repeat([]byte{255}, 256))
	f.Fuzz(func(t *testing.T, stored []byte) {
		if plain, err := k.Decode(here, bytes.Clone(stored)); err == nil {
			require.Equal(t, "plain", string(plain), "nothing else was ever encrypted")
		}
	})
}
