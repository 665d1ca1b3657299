package dagcache_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/dagcache"
)

// parts returns the stored form of a DAG with these nodes.
func parts(t *testing.T, params any, nodes ...saga.NodeName) (dag, encoded []byte) {
	t.Helper()
	b := saga.NewDAGBuilder("d")
	for _, n := range nodes {
		b.Append(saga.ActionNode(n, "", "act"))
	}
	dag, encoded, err := withParams(t, b.MustBuild(), params).Parts()
	require.NoError(t, err)
	return dag, encoded
}

func withParams(t testing.TB, dag *saga.DAG, params any) *saga.SagaDAG {
	t.Helper()
	d, err := saga.NewSagaDAG(dag, params)
	require.NoError(t, err)
	return d
}

func TestCacheSharesTheDAGAndNotTheParameters(t *testing.T) {
	var cache dagcache.Cache
	decode := func(dag, params []byte) *saga.SagaDAG {
		decoded, err := cache.Decode(dag, params)
		require.NoError(t, err)
		gotDAG, gotParams, err := decoded.Parts()
		require.NoError(t, err)
		assert.Equal(t, string(dag), string(gotDAG))
		assert.Equal(t, string(params), string(gotParams))
		return decoded
	}
	one, two := decode(parts(t, "<1>", "a")), decode(parts(t, "2", "a"))
	assert.Same(t, one.DAG, two.DAG)
	assert.Equal(t, `"\u003c1\u003e"`, string(one.Params()))
	assert.Equal(t, `"2"`, string(two.Params()))
	assert.NotSame(t, one.DAG, decode(parts(t, "2", "a", "b")).DAG)
	require.NoError(t, one.UnmarshalJSON([]byte(`{"version":1,"name":"other","nodes":[{"kind":"start"},`+
		`{"kind":"constant","name":"c","value":1,"after":[0]},{"kind":"end","after":[1]}]}`)))
	assert.Equal(t, saga.Name("d"), decode(parts(t, "<1>", "a")).Name(), "each caller gets its own SagaDAG")
	for i := range 200 { // more than the cache keeps
		decode(parts(t, i, saga.NodeName(fmt.Sprintf("n%d", i))))
	}

	text, params := parts(t, 1, "a")
	shaped := strings.Replace(string(text), `}]}`, `}],"shapes":{"act":{"output":"string"}}}`, 1)
	assert.NotSame(t, two.DAG, decode([]byte(shaped), params).DAG, "the shapes differ")
}

// The first part may be the JSON of a whole SagaDAG, because an earlier program
// may have stored it.
func TestCacheReadsParametersFromEitherPart(t *testing.T) {
	dag, params := parts(t, "in its part", "a")
	whole, err := json.Marshal(withParams(t, saga.NewDAGBuilder("d").Append(saga.ActionNode("a", "", "act")).MustBuild(),
		"within"))
	require.NoError(t, err)
	var cache dagcache.Cache
	for _, c := range []struct {
		dag, params []byte
		want        string
	}{
		{dag, params, `"in its part"`}, {dag, nil, `null`}, {whole, nil, `"within"`}, {whole, params, `"in its part"`},
		{dag, []byte(" [1, {\"b\" : 2, \"a\":\"<>\"} ]\n"), `[1,{"b":2,"a":"\u003c\u003e"}]`},
	} {
		got, err := cache.Decode(c.dag, c.params)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(got.Params()))
	}
	for _, bad := range []string{"{", "1 2", `1,"name":"e"`, `"`, "\x00"} {
		_, err := cache.Decode(dag, []byte(bad))
		assert.ErrorContains(t, err, `saga DAG "d": parameters: `, bad)
	}
}

func TestCacheRejectsInvalidDAGs(t *testing.T) {
	var cache dagcache.Cache
	for _, text := range []string{``, `{`, `{"version":2}`, `{"version":1,"name":"d","nodes":[]}`} {
		want := new(saga.SagaDAG).UnmarshalJSON([]byte(text))
		require.Error(t, want)
		for range 2 {
			_, err := cache.Decode([]byte(text), []byte("1"))
			assert.EqualError(t, err, want.Error())
		}
	}
}

// BenchmarkCache decodes one DAG many times. It is decoded once.
func BenchmarkCache(b *testing.B) {
	builder := saga.NewDAGBuilder("book-trip")
	for i := range 5 {
		builder.Append(saga.ActionNode(saga.NodeName(fmt.Sprintf("node%d", i)), "Label", "action"))
	}
	dag, params, err := withParams(b, builder.MustBuild(),
		map[string]string{"hotel": "Ritz", "flight": "BA123", "card": "4111"}).Parts()
	require.NoError(b, err)
	var cache dagcache.Cache
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Decode(dag, params); err != nil {
			b.Fatal(err)
		}
	}
}
