package saga_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

type (
	inner struct{ Number secret }

	embedding struct {
		inner
		*Outer
		Name string
	}
	Outer struct{ Code secret }

	// tree is a recursive type.
	tree struct {
		Value secret
		Left  *tree           `json:",omitempty"`
		More  []tree          `json:",omitempty"`
		Named map[string]tree `json:",omitempty"`
		Any   any             `json:",omitempty"`
	}

	// own encodes itself.
	own struct{ number secret }
	// behind encodes itself with a pointer method.
	behind struct{ Number secret }
	// locked guards its contents with a lock. Only its method may read them.
	locked struct {
		mu    sync.Mutex
		items map[string]any
	}
	// pinned must not be copied.
	pinned struct {
		self    *pinned
		guarded any
	}
	// promoted has the methods of its Secret.
	promoted struct{ secret }

	named   []secret
	namedTo *inner
)

func (o own) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]secret{"own": o.number}) }

func (b *behind) MarshalJSON() ([]byte, error) {
	return json.Marshal([]secret{b.Number})
}

func (l *locked) MarshalJSON() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return json.Marshal(l.items)
}

func TestSecretsAreStoredAtAnyDepth(t *testing.T) {
	s := saga.NewSecret("4111")
	const stored = `{"$secret":"4111"}`
	shared := &inner{s}
	for want, value := range map[string]any{
		stored:                             s,
		`[` + stored + `,` + stored + `]`:  named{s, s},
		`[[` + stored + `]]`:               [1][]secret{{s}},
		`{"a":` + stored + `}`:             map[string]secret{"a": s},
		`{"b":{"Number":` + stored + `}}`:  map[string]*inner{"b": {s}},
		`{"c":[` + stored + `]}`:           map[string]any{"c": []any{s}},
		`{"Number":` + stored + `}`:        namedTo(&inner{s}),
		`[{"Number":` + stored + `},null]`: []any{shared, (*inner)(nil)},
		`{"own":` + stored + `}`:           own{s},
		`[{"own":` + stored + `}]`:         []*own{{s}},
		`[` + stored + `]`:                 &behind{s},
		`{"Number":` + stored + `,"Code":` + stored + `,"Name":"n"}`: embedding{inner{s}, &Outer{s}, "n"},
		`{"Value":` + stored + `,"Left":{"Value":` + stored +
			`},"More":[{"Value":{"$secret":""}}],"Named":{"x":{"Value":` + stored + `}},"Any":` + stored + `}`: tree{
			Value: s, Left: &tree{Value: s}, More: []tree{{}}, Named: map[string]tree{"x": {Value: s}}, Any: &s},
		`{"$secret":{"Number":` + stored + `}}`:                       saga.NewSecret(inner{s}),
		`{"$secret":null}`:                                            saga.Secret[*int]{},
		`{"$secret":{"a":[1]}}`:                                       saga.NewSecret(map[string][]int{"a": {1}}),
		`{"P":[{"Number":` + stored + `},{"Number":` + stored + `}]}`: struct{ P []*inner }{[]*inner{shared, shared}},
		`{"S":` + stored + `,"N":null,"M":null,"I":null,"E":[]}`: struct {
			S secret
			N []secret
			M map[string]secret
			I any
			E []secret
		}{S: s, E: []secret{}},
		`{"Skipped":1}`: struct {
			Skipped int
			Dash    secret `json:"-"`
			none    secret
			Zero    secret `json:",omitzero"`
		}{Skipped: 1, Dash: s, none: s},
	} {
		assert.JSONEq(t, want, string(encodedOutput(t, value)), "%T", value)
	}
	assert.Equal(t, stored, string(encodedOutput(t, promoted{s})))
	assert.Equal(t, stored, string(encodedOutput(t, s)))
}

func (p *pinned) MarshalJSON() ([]byte, error) {
	if p.self != p {
		return nil, errors.New("copied")
	}
	return []byte(`"pinned"`), nil
}

// A type without secrets is encoded like by json.Marshal, and is not copied.
func TestTypesWithoutSecretsAreEncodedLikeJSON(t *testing.T) {
	l := &locked{items: map[string]any{"a": 1}}
	for _, value := range []any{
		1, "x", nil, []byte("bytes"), json.RawMessage(`{"a": 1}`), json.Number("1"),
		map[string]any{"a": []any{1, "b", nil, map[int]string{1: "x"}}},
		struct{ A any }{fmt.Errorf("error")}, l, []any{l, l}, saga.None{}, &saga.None{},
	} {
		want, err := json.Marshal(value)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(encodedOutput(t, value)), "%T", value)
	}
}

func TestValueWithoutSecretsIsNotCopied(t *testing.T) {
	holder := &struct {
		Pinned pinned
		Any    any
	}{Any: "x"}
	holder.Pinned = pinned{self: &holder.Pinned, guarded: 1}
	assert.Equal(t, `{"Pinned":"pinned","Any":"x"}`, string(encodedOutput(t, holder)))

	beside := struct {
		Pinned *pinned
		Number secret
	}{&holder.Pinned, saga.NewSecret("4111")}
	assert.Equal(t, `{"Pinned":"pinned","Number":{"$secret":"4111"}}`, string(encodedOutput(t, beside)))
}

// Other goroutines may change a type that encodes itself while they hold its
// lock.
func TestDataGuardedByALockIsNotRead(t *testing.T) {
	l := &locked{items: map[string]any{}}
	done := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				l.mu.Lock()
				l.items["a"] = i
				l.mu.Unlock()
			}
		}
	})
	for range 1_000 {
		encodedOutput(t, any(l))
	}
	close(done)
	writer.Wait()
}

func TestOutputOfTheActionStaysRedacted(t *testing.T) {
	c := &tree{Value: saga.NewSecret("4111"), Any: map[string]any{"n": saga.NewSecret("4111")}}
	encodedOutput(t, c)
	text, err := json.Marshal(c)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Value":"[redacted]","Any":{"n":"[redacted]"}}`, string(text))
}

func TestCyclicValueIsAnError(t *testing.T) {
	loop := &tree{}
	loop.Left = loop
	anyLoop := map[string]any{"s": saga.NewSecret("4111")}
	anyLoop["again"] = anyLoop
	without := map[string]any{}
	without["again"] = &without
	slice := []any{saga.NewSecret("4111"), nil}
	slice[1] = slice
	for _, value := range []any{loop, anyLoop, without, slice} {
		_, err := saga.NewSagaDAG(build(t, saga.NewDAGBuilder("shop").Append(action("a"))), value)
		require.ErrorContains(t, err, "encountered a cycle", "%T", value)
	}
}

func TestUnencodableSecretIsAnError(t *testing.T) {
	_, err := saga.NewSagaDAG(build(t, saga.NewDAGBuilder("shop").Append(action("a"))), saga.NewSecret(make(chan int)))
	require.ErrorContains(t, err, "unsupported type: chan int")
}

func BenchmarkParameters(b *testing.B) {
	dag := build(b, saga.NewDAGBuilder("shop").Append(action("a")))
	type plain struct{ Holder, Number string }
	type withSecret struct {
		Holder string
		Number secret
	}
	plains, secrets := make([]plain, 100), make([]withSecret, 100)
	for i := range plains {
		plains[i] = plain{"Ann", "4111"}
		secrets[i] = withSecret{"Ann", saga.NewSecret("4111")}
	}
	for _, c := range []struct {
		name   string
		params any
	}{
		{"plain", plains[0]},
		{"plain ×100", plains},
		{"any", map[string]any{"Holder": "Ann", "Number": "4111"}},
		{"secret", secrets[0]},
		{"secret in any", map[string]any{"Holder": "Ann", "Number": secrets[0].Number}},
		{"secret ×100", secrets},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := saga.NewSagaDAG(dag, c.params); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
