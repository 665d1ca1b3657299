package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func nestedOutputs(t testing.TB) saga.Outputs {
	t.Helper()
	dag := nestedDAG(t)
	values := make([]json.RawMessage, dag.Len())
	for id := range values {
		text, err := json.Marshal(dag.Path(engine.NodeID(id)))
		require.NoError(t, err)
		values[id] = text
	}
	return dag.Outputs(values)
}

func TestOutputsByPath(t *testing.T) {
	o := nestedOutputs(t)
	assert.Equal(t, `"last"`, string(o.Saga()))
	raw, err := o.Raw("outer/inner/deep")
	require.NoError(t, err)
	assert.Equal(t, `"outer/inner/deep"`, string(raw))
	pick, err := saga.OutputOf[string](o, "pick")
	require.NoError(t, err)
	assert.Equal(t, "outer/pick", pick)

	_, err = o.Raw("nope")
	assert.ErrorIs(t, err, saga.ErrNodeNotFound)
	_, err = saga.OutputOf[string](o, "deep")
	assert.ErrorIs(t, err, saga.ErrNodeNotFound)
	_, err = saga.OutputOf[int](o, "last")
	assert.EqualError(t, err, `output of node "last": json: cannot unmarshal string into Go value of type int`)
}

func TestDecodeFillsTaggedFields(t *testing.T) {
	o := nestedOutputs(t)
	var nodes struct {
		Last  string `saga:"last"`
		Inner string `saga:"outer/inner"`
	}
	require.NoError(t, o.Decode(&nodes))
	assert.Equal(t, "last", nodes.Last)
	assert.Equal(t, "outer/inner", nodes.Inner)
	assert.NoError(t, o.Decode(&saga.None{}))
}

func TestDecodeErrorsSayWhatIsWrong(t *testing.T) {
	o := nestedOutputs(t)
	for want, dst := range map[string]any{
		`outputs of saga "nested": <nil> is not a pointer to a struct`:                   nil,
		`outputs of saga "nested": struct {} is not a pointer to a struct`:               struct{}{},
		`outputs of saga "nested": *saga_test.trip is not a pointer to a struct`:         (*trip)(nil),
		`outputs of saga "nested": int is not a struct`:                                  new(int),
		"outputs of saga \"nested\": field saga_test.trip.Hotel has no tag `saga:\"…\"`": &trip{},
		`outputs of saga "nested": "last": json: cannot unmarshal string into Go value of type int`: &struct {
			A int `saga:"last"`
		}{},
	} {
		assert.EqualError(t, o.Decode(dst), want)
	}
	assert.ErrorIs(t, o.Decode(&struct {
		A int `saga:"nope"`
	}{}), saga.ErrNodeNotFound)
}
