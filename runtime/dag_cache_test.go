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
