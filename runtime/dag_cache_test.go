package saga_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestDAGCacheSharesTheDAGAndNotTheParameters(t *testing.T) {
	build := func(nodes ...saga.NodeName) *saga.DAG {
		b := saga.NewDAGBuilder("d")
		for _, n := range nodes {
			b.Append(saga.ActionNode(n, "", "act"))
		}
		return b.MustBuild()
	}
	text := func(dag *saga.DAG, params any) []byte {
		withParams, err := saga.NewSagaDAG(dag, params)
		require.NoError(t, err)
		text, err := json.Marshal(withParams)
		require.NoError(t, err)
		return text
	}
	var cache saga.DAGCache
	decode := func(text []byte) *saga.SagaDAG {
		decoded, err := cache.Decode(text)
		require.NoError(t, err)
		again, err := json.Marshal(decoded)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again))
		return decoded
	}
	one, two := decode(text(build("a"), "<1>")), decode(text(build("a"), "2"))
	assert.Same(t, one.DAG, two.DAG)
	assert.Equal(t, `"\u003c1\u003e"`, string(one.Params()))
	assert.Equal(t, `"2"`, string(two.Params()))
	assert.NotSame(t, one.DAG, decode(text(build("a", "b"), "2")).DAG)
	for i := range 200 { // more than it keeps
		decode(text(build(saga.NodeName(fmt.Sprintf("n%d", i))), i))
	}

	shaped := strings.Replace(string(text(build("a"), 1)), `}]}`, `}],"shapes":{"act":{"output":"string"}}}`, 1)
	assert.NotSame(t, one.DAG, decode([]byte(shaped)).DAG, "they say other things of the data")
}

func TestDAGCacheRefusesWhatUnmarshalJSONRefuses(t *testing.T) {
	var cache saga.DAGCache
	for _, text := range []string{``, `{`, `{"version":2}`, `{"version":1,"name":"d","nodes":[]}`, string(saga.UndecodableDAG(assert.AnError))} {
		_, err := cache.Decode([]byte(text))
		want := new(saga.SagaDAG).UnmarshalJSON([]byte(text))
		require.Error(t, want)
		assert.EqualError(t, err, want.Error())
	}
}

// What the cache knows of a DAG's text doesn't make it take for one what isn't, or for the same DAG what is another.
func TestDAGCacheDecodesAsUnmarshalJSONDoes(t *testing.T) {
	dag := saga.NewDAGBuilder("d").Append(saga.ActionNode("a", "", "act")).MustBuild()
	withParams, err := saga.NewSagaDAG(dag, "PARAMS")
	require.NoError(t, err)
	text, err := json.Marshal(withParams)
	require.NoError(t, err)
	var cache saga.DAGCache
	first, err := cache.Decode(text)
	require.NoError(t, err)
	for _, c := range []struct {
		params string
		shared bool
	}{
		{`"other"`, true}, {`null`, true}, {`[1, {"b" : 2, "a":"<>"} ]`, true}, {" \n1e400\t", true}, {`"\"params\":1,\"nodes\":[]"`, true},
		{``, false}, {`1 2`, false}, {`1,"name":"e"`, false}, {`1,"params":2`, false}, {`{"a":1`, false}, {`"`, false}, {`1}`, false}, {`[1,"nodes":[]`, false},
	} {
		changed := []byte(strings.Replace(string(text), `"PARAMS"`, c.params, 1))
		want := new(saga.SagaDAG)
		wantErr := want.UnmarshalJSON(changed)
		got, err := cache.Decode(changed)
		if wantErr != nil {
			assert.EqualError(t, err, wantErr.Error(), c.params)
			continue
		}
		require.NoError(t, err, c.params)
		assert.True(t, want.Equal(got), c.params)
		assert.Equal(t, c.shared, first.DAG == got.DAG, c.params)
	}
	for cut := range text {
		changed := append(append([]byte(nil), text[:cut]...), text[cut+1:]...)
		want := new(saga.SagaDAG)
		wantErr := want.UnmarshalJSON(changed)
		got, err := cache.Decode(changed)
		if wantErr != nil {
			assert.EqualError(t, err, wantErr.Error(), "without byte %d", cut)
		} else if assert.NoError(t, err, "without byte %d", cut) {
			assert.True(t, want.Equal(got), "without byte %d", cut)
		}
	}
}

// A DAG is decoded once, however many sagas have it.
func BenchmarkDAGCache(b *testing.B) {
	builder := saga.NewDAGBuilder("book-trip")
	for i := range 5 {
		builder.Append(saga.ActionNode(saga.NodeName(fmt.Sprintf("node%d", i)), "Label", "action"))
	}
	withParams, err := saga.NewSagaDAG(builder.MustBuild(), map[string]string{"hotel": "Ritz", "flight": "BA123", "card": "4111"})
	require.NoError(b, err)
	text, err := json.Marshal(withParams)
	require.NoError(b, err)
	var cache saga.DAGCache
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Decode(text); err != nil {
			b.Fatal(err)
		}
	}
}
