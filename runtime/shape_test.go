package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// shaped returns an action with that shape.
func shaped(name saga.ActionName, s saga.Shape) saga.Action {
	return saga.NewAction(saga.ActionSpec[saga.None, string]{
		Name: name, Shape: s,
		Do: func(saga.ActionContext, saga.None) (string, error) { return "", nil },
	})
}

func register(actions ...saga.Action) *saga.Registry {
	r := saga.NewRegistry()
	r.Register(nil, actions...)
	return r
}

// tripShapes returns a registry with the shapes of two actions of tripDAG.
func tripShapes() *saga.Registry {
	return register(
		shaped("trip.payment",
			saga.Shape{Inputs: saga.Shapes{"trip": `{"Hotel":string}`, "at": "time.Time"},
				Output: `{"<Number>":string}`}),
		shaped("trip.car", saga.Shape{Output: "*int"}),
		shaped("trip.flight", saga.Shape{}),
		shaped("trip.bus", saga.Shape{Output: "int"}),
	)
}

func TestRecordedShapesAreInTheJSON(t *testing.T) {
	d := withParams(t, tripDAG(t), 1)
	bare, err := json.Marshal(d)
	require.NoError(t, err)
	stamped := tripShapes().WithShapes(d)
	text, err := json.Marshal(stamped)
	require.NoError(t, err)
	assert.Equal(t, string(bare[:len(bare)-1])+`,"shapes":{"trip.car":{"output":"*int"},`+
		`"trip.payment":{"inputs":{"at":"time.Time","trip":"{\"Hotel\":string}"},`+
		`"output":"{\"\u003cNumber\u003e\":string}"}}}`, string(text))
	again, err := json.Marshal(d)
	require.NoError(t, err)
	assert.Equal(t, bare, again, "the argument is not changed")
}

func TestRecordedShapesRoundTripAndDontAffectEquality(t *testing.T) {
	d := withParams(t, tripDAG(t), 1)
	stamped := tripShapes().WithShapes(d)
	text, err := json.MarshalIndent(stamped, "", "  ")
	require.NoError(t, err)
	var back saga.SagaDAG
	require.NoError(t, json.Unmarshal(text, &back))
	again, err := json.MarshalIndent(&back, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
	assert.True(t, back.Equal(d))
	assert.True(t, d.Equal(stamped))
	assert.Equal(t, d.Params(), stamped.Params())

	log, err := json.Marshal(&saga.Log{ID: saga.NewID(), DAG: stamped})
	require.NoError(t, err)
	assert.Contains(t, string(log), `"shapes":{"trip.car":`)
}

func TestUnknownShapesAreNotRecorded(t *testing.T) {
	d := withParams(t, tripDAG(t), 1)
	assert.Same(t, d, register(shaped("trip.car", saga.Shape{})).WithShapes(d))
	for _, empty := range []string{"{}", "null", `{"trip.car":{}}`} {
		text, err := json.Marshal(d)
		require.NoError(t, err)
		var back saga.SagaDAG
		require.NoError(t, json.Unmarshal(append(text[:len(text)-1], `,"shapes":`+empty+`}`...), &back))
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		assert.NotContains(t, string(again), "shapes")
	}
	assert.Error(t, json.Unmarshal([]byte(`{"version":1,"name":"s","shapes":{"a":{"output":1}}}`), new(saga.SagaDAG)))
}

func TestFirstRecordedShapesAreKept(t *testing.T) {
	dag := tripDAG(t)
	car := func(shape string) *saga.Registry { return register(shaped("trip.car", saga.Shape{Output: shape})) }
	ints, texts := car("int"), car("string")
	for range 2 {
		for want, r := range map[string]*saga.Registry{"int": ints, "string": texts} {
			stamped := r.WithShapes(withParams(t, dag, 1))
			text, err := json.Marshal(stamped)
			require.NoError(t, err)
			assert.Contains(t, string(text), `"trip.car":{"output":"`+want+`"}`)
			assert.Same(t, stamped, ints.WithShapes(stamped), "the data was written with the first shapes")
		}
	}
}

func TestActionWithoutOutputHasTheShapeNull(t *testing.T) {
	assert.Equal(t, saga.Shape{Output: "null"}, noop("a").Shape())
	assert.Empty(t, shaped("a", saga.Shape{}).Shape())
}

func TestWithShapesIsSafeForConcurrentUse(t *testing.T) {
	dag, r := tripDAG(t), tripShapes()
	d := withParams(t, dag, 1)
	want, err := json.Marshal(r.WithShapes(withParams(t, tripDAG(t), 1)))
	require.NoError(t, err)
	results := make(chan []byte)
	for range 8 {
		go func() {
			text, _ := json.Marshal(r.WithShapes(d))
			results <- text
		}()
	}
	for range 8 {
		assert.Equal(t, string(want), string(<-results))
	}
}

// BenchmarkWithShapes adds shapes to sagas that share a DAG, and to sagas with
// a new DAG each, like those of generated code.
func BenchmarkWithShapes(b *testing.B) {
	r := register(
		shaped("trip.payment",
			saga.Shape{Inputs: saga.Shapes{"trip": `{"Hotel":string}`}, Output: `{"Number":string}`}),
		shaped("trip.hotel", saga.Shape{Inputs: saga.Shapes{"trip": `{"Hotel":string}`}, Output: `{"Number":string}`}),
		shaped("trip.flight", saga.Shape{Inputs: saga.Shapes{"trip": `{"Hotel":string}`}, Output: `{"Number":string}`}),
		shaped("trip.car", saga.Shape{Inputs: saga.Shapes{"trip": `{"Hotel":string}`}, Output: `{"Number":string}`}),
		shaped("trip.summary", saga.Shape{Output: `{"car":string,"flight":string}`}),
	)
	d := withParams(b, tripDAG(b), 1)
	encode := func(b *testing.B, d *saga.SagaDAG) {
		if _, err := d.MarshalJSON(); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("one DAG", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.WithShapes(d)
		}
	})
	b.Run("one DAG, encoded", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encode(b, r.WithShapes(d))
		}
	})
	b.Run("one DAG, encoded without a stamp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encode(b, d)
		}
	})
	b.Run("new DAG", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.WithShapes(withParams(b, tripDAG(b), 1))
		}
	})
	b.Run("new DAG, not stamped", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			withParams(b, tripDAG(b), 1)
		}
	})
}
