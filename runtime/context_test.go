package saga_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestLookupFindsAncestorsOnly(t *testing.T) {
	trip := withParams(t, tripDAG(t), trip{Hotel: "Ritz"})
	nested := withParams(t, nestedDAG(t), "outermost")
	for _, tt := range []struct {
		dag   *saga.SagaDAG
		at    saga.NodePath
		names []saga.NodeName // all names of the DAG that are found
	}{
		{trip, "payment", nil},
		{trip, "hotel", []saga.NodeName{"payment"}},
		{trip, "summary", []saga.NodeName{"payment", "hotel", "flight", "car"}},
		{nested, "outer/pick", nil},
		{nested, "outer/inner/deep", nil},
		{nested, "outer/sum", []saga.NodeName{"pick", "inner"}},
		{nested, "left/deep", nil},
		{nested, "last", []saga.NodeName{"size", "outer", "left", "right"}},
	} {
		t.Run(string(tt.dag.Name())+" "+string(tt.at), func(t *testing.T) {
			ctx := callAt(t, tt.dag, tt.at)
			asked := map[saga.NodeName]bool{"nobody": true, "": true, "$params": true, "outer/pick": true,
				"left/deep": true, "a\xff": true}
			for id := engine.NodeID(0); tt.dag.Contains(id); id++ {
				asked[tt.dag.NodeName(id)] = true
				asked[saga.NodeName(tt.dag.Path(id))] = true
			}
			var found []saga.NodeName
			for name := range asked {
				_, err := ctx.RawLookup(name)
				if err == nil {
					found = append(found, name)
					continue
				}
				assert.ErrorIs(t, err, saga.ErrNotAncestor)
				_, err = saga.Lookup[any](ctx, name)
				assert.ErrorIs(t, err, saga.ErrNotAncestor)
			}
			assert.ElementsMatch(t, tt.names, found)
		})
	}
}

func TestLookupErrorsSayWhatIsWrong(t *testing.T) {
	d := withParams(t, nestedDAG(t), nil)
	_, err := saga.Lookup[string](callAt(t, d, "outer/sum"), "size")
	assert.EqualError(t, err, `saga "nested": node "outer/sum": no ancestor has that name: "size"`)
	_, err = saga.Lookup[string](callAt(t, d, "last"), "outer/pick")
	assert.EqualError(t, err,
		`saga "nested": node "last": no ancestor has that name: "outer/pick" contains '/', which is reserved`)
	_, err = saga.Lookup[int](callAt(t, d, "outer/sum"), "pick")
	assert.EqualError(t, err, `output of node "pick": json: cannot unmarshal string into Go value of type int`)
}

func TestLookupReturnsTheOutput(t *testing.T) {
	d := withParams(t, nestedDAG(t), nil)
	sum := callAt(t, d, "outer/sum")
	pick, err := saga.Lookup[string](sum, "pick")
	require.NoError(t, err)
	assert.Equal(t, "outer/pick", pick)
	inner, err := saga.Lookup[string](sum, "inner")
	require.NoError(t, err)
	assert.Equal(t, "outer/inner", inner)

	size, err := saga.Lookup[map[string]int](callAt(t, d, "last"), "size")
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"n": 1}, size, "the output of a constant is in the DAG")
}

func TestUndoFindsItsOwnOutput(t *testing.T) {
	d := withParams(t, tripDAG(t), nil)
	own := func(c *saga.Call) { c.Direction, c.Output = saga.Undo, json.RawMessage(`"mine"`) }
	output, err := saga.Lookup[string](callAt(t, d, "hotel", own), "hotel")
	require.NoError(t, err)
	assert.Equal(t, "mine", output)
	output, err = saga.Lookup[string](callAt(t, d, "hotel", own), "payment")
	require.NoError(t, err)
	assert.Equal(t, "payment", output)

	unknown := func(c *saga.Call) { c.Direction = saga.Undo }
	_, err = saga.Lookup[string](callAt(t, d, "hotel", unknown), "hotel")
	assert.ErrorIs(t, err, saga.ErrNotAncestor)
	_, err = saga.Lookup[string](callAt(t, d, "hotel"), "hotel")
	assert.ErrorIs(t, err, saga.ErrNotAncestor, "the output is not known in a do function")
}

func TestParametersBelongToTheInnermostSaga(t *testing.T) {
	inner := build(t, saga.NewDAGBuilder("inner").Append(action("a")).Append(action("b")))
	middle := build(t, saga.NewDAGBuilder("middle").
		Append(action("m")).
		Append(saga.SubsagaNode("through", inner, saga.FromParams)).
		Append(saga.SubsagaNode("own", inner, "m")))
	d := withParams(t, build(t, saga.NewDAGBuilder("s").
		Append(saga.ConstantNode("const", "constant")).
		Append(saga.SubsagaNode("one", middle, "const")).
		Append(saga.SubsagaNode("two", middle, "one")).
		Append(saga.SubsagaNode("three", middle, saga.FromParams)).
		Append(action("last"))), "outermost")
	for at, want := range map[saga.NodePath]string{
		"one/m":           "constant",
		"one/through/a":   "constant",
		"one/through/b":   "constant",
		"one/own/b":       "one/m",
		"two/m":           "one",
		"two/through/a":   "one",
		"two/own/a":       "two/m",
		"three/m":         "outermost",
		"three/through/b": "outermost",
		"three/own/b":     "three/m",
		"last":            "outermost", // after consecutive subsagas
	} {
		got, err := saga.Params[string](callAt(t, d, at))
		if assert.NoError(t, err, at) {
			assert.Equal(t, want, got, at)
		}
	}
	_, err := saga.Params[int](callAt(t, d, "last"))
	assert.EqualError(t, err, `parameters of saga "s": json: cannot unmarshal string into Go value of type int`)
}

func TestContextDescribesItsNode(t *testing.T) {
	d := withParams(t, nestedDAG(t), nil)
	ctx := callAt(t, d, "outer/inner/deep", func(c *saga.Call) { c.ID, c.Attempt, c.Recovered = logID, 3, true })
	assert.Equal(t, logID, ctx.SagaID())
	assert.Equal(t, saga.Name("nested"), ctx.SagaName())
	assert.Equal(t, saga.NodePath("outer/inner/deep"), ctx.Node())
	assert.Equal(t, "deep", ctx.Label())
	assert.Equal(t, saga.Do, ctx.Direction())
	assert.Equal(t, 3, ctx.Attempt())
	assert.True(t, ctx.Recovered())
	assert.NotNil(t, ctx.Logger())
}

func TestIdempotencyKeysDifferByNodeDirectionAndSagaOnly(t *testing.T) {
	d := withParams(t, nestedDAG(t), nil)
	seen := map[string]bool{}
	for _, path := range []saga.NodePath{"outer/pick", "outer/inner/deep", "left/deep", "right/deep"} {
		for _, direction := range []saga.Direction{saga.Do, saga.Undo} {
			for _, id := range []saga.ID{logID, saga.NewID()} {
				call := func(attempt int) saga.ActionContext {
					return callAt(t, d, path,
						func(c *saga.Call) { c.ID, c.Direction, c.Attempt = id, direction, attempt })
				}
				key := call(1).IdempotencyKey()
				assert.Equal(t, key, call(2).IdempotencyKey())
				assert.Equal(t, fmt.Sprintf("%s/%s/%s", id, path, direction), key)
				assert.Equal(t, fmt.Sprintf("%s/%s/do", id, path), call(1).DoKey())
				assert.False(t, seen[key])
				seen[key] = true
			}
		}
	}
}

func TestAppIsTheApplicationContext(t *testing.T) {
	type service struct{ name string }
	d := withParams(t, tripDAG(t), nil)
	ctx := callAt(t, d, "hotel", func(c *saga.Call) { c.App = &service{"s"} })
	app, err := saga.App[*service](ctx)
	require.NoError(t, err)
	assert.Equal(t, "s", app.name)

	_, err = saga.App[service](ctx)
	assert.EqualError(t, err, "application context is a *saga_test.service, not a saga_test.service")
	_, err = saga.App[fmt.Stringer](ctx)
	assert.EqualError(t, err, "application context is a *saga_test.service, not a fmt.Stringer")
	_, err = saga.App[*service](callAt(t, d, "hotel"))
	assert.EqualError(t, err, "application context is a <nil>, not a *saga_test.service")
}

func TestFromContext(t *testing.T) {
	type key struct{}
	ctx := callAt(t, withParams(t, tripDAG(t), nil), "hotel")
	derived, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
	defer cancel()
	found, ok := saga.FromContext(derived)
	require.True(t, ok)
	assert.Equal(t, saga.NodePath("hotel"), found.Node())
	assert.Equal(t, 1, derived.Value(key{}))
	assert.Nil(t, ctx.Value(key{}))

	_, ok = saga.FromContext(context.Background())
	assert.False(t, ok)
}
