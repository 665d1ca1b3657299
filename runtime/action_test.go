package saga_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

type hotelInputs struct {
	Trip    trip   `saga:"trip"`
	Payment string `saga:"payment"`
}

// hotelDAG returns a saga with the node hotel, whose input trip is the
// parameters.
func hotelDAG(t testing.TB) *saga.SagaDAG {
	t.Helper()
	return withParams(t, build(t, saga.NewDAGBuilder("s").
		Append(action("payment")).
		Append(action("hotel", saga.Bind("trip", saga.FromParams)))), trip{Hotel: "Ritz"})
}

func undoing(output string) func(*saga.Call) {
	return func(c *saga.Call) {
		c.Direction = saga.Undo
		if output != "" {
			c.Output = json.RawMessage(output)
		}
	}
}

func TestActionReceivesItsInputsAndItsOutput(t *testing.T) {
	var undone []any
	a := saga.NewAction(saga.ActionSpec[hotelInputs, []string]{
		Name: "hotel",
		Do: func(_ saga.ActionContext, in hotelInputs) ([]string, error) {
			return []string{in.Trip.Hotel, in.Payment}, nil
		},
		DoPolicy: saga.Policy{MaxAttempts: 6},
		Undo: func(ctx saga.ActionContext, in hotelInputs, out []string) error {
			undone = append(undone, ctx.Direction(), in, out)
			return nil
		},
		UndoPolicy: saga.Policy{MaxAttempts: 21},
		Shape:      saga.Shape{Inputs: saga.Shapes{"payment": "string"}, Output: "[]string"},
	})
	d := hotelDAG(t)
	out, err := a.Do(callAt(t, d, "hotel"))
	require.NoError(t, err)
	assert.Equal(t, `["Ritz","payment"]`, string(out))

	require.NoError(t, a.Undo(callAt(t, d, "hotel", undoing(string(out)))))
	assert.Equal(t,
		[]any{saga.Undo, hotelInputs{Trip: trip{Hotel: "Ritz"}, Payment: "payment"}, []string{"Ritz", "payment"}},
		undone)

	assert.Equal(t, saga.ActionName("hotel"), a.Name())
	assert.Equal(t, 6, a.Policy(saga.Do).MaxAttempts)
	assert.Equal(t, 21, a.Policy(saga.Undo).MaxAttempts)
	assert.Equal(t, "string", a.Shape().Inputs["payment"])
}

func TestMissingInputIsAPermanentError(t *testing.T) {
	called := false
	a := saga.NewAction(saga.ActionSpec[struct {
		Flight string `saga:"flight"`
	}, saga.None]{
		Name: "hotel",
		Do: func(saga.ActionContext, struct {
			Flight string `saga:"flight"`
		}) (saga.None, error) {
			called = true
			return saga.None{}, nil
		},
	})
	_, err := a.Do(callAt(t, hotelDAG(t), "hotel"))
	assert.EqualError(t, err,
		`action "hotel": input "flight": saga "s": node "hotel": no ancestor has that name: "flight"`)
	assert.ErrorIs(t, err, saga.ErrNotAncestor)
	assert.True(t, saga.IsPermanent(err))
	assert.False(t, saga.IsIndeterminate(err), "the function was not called")
	assert.False(t, called)

	b := saga.NewAction(saga.ActionSpec[struct {
		Payment int `saga:"payment"`
	}, saga.None]{
		Name: "hotel",
		Do: func(saga.ActionContext, struct {
			Payment int `saga:"payment"`
		}) (saga.None, error) {
			return saga.None{}, nil
		},
	})
	_, err = b.Do(callAt(t, hotelDAG(t), "hotel"))
	assert.EqualError(t, err,
		`action "hotel": input "payment": json: cannot unmarshal string into Go value of type int`)
	assert.True(t, saga.IsPermanent(err))
	assert.False(t, saga.IsIndeterminate(err))
	_, err = b.Do(callAt(t, hotelDAG(t), "hotel", func(c *saga.Call) { c.Recovered = true }))
	assert.True(t, saga.IsPermanent(err))
	assert.True(t, saga.IsIndeterminate(err),
		"an earlier version of the function may have been called")
}

func TestErrorOfDoIsReturnedUnchanged(t *testing.T) {
	want := errors.New("no room")
	a := saga.NewActionFunc("hotel", func(saga.ActionContext) (string, error) { return "ignored", want }, nil)
	out, err := a.Do(callAt(t, hotelDAG(t), "hotel"))
	assert.Nil(t, out)
	assert.Same(t, want, err)
}

func TestUnencodableOutputIsIndeterminate(t *testing.T) {
	a := saga.NewActionFunc("hotel", func(saga.ActionContext) (any, error) { return make(chan int), nil }, nil)
	_, err := a.Do(callAt(t, hotelDAG(t), "hotel"))
	assert.EqualError(t, err,
		"the do function succeeded, but its output can't be encoded: json: unsupported type: chan int")
	assert.True(t, saga.IsIndeterminate(err), "the function changed something")
	assert.True(t, saga.IsPermanent(err), "another attempt doesn't help")
}

func TestUndoOfAnUnknownOutcome(t *testing.T) {
	d := hotelDAG(t)
	do := func(saga.ActionContext, saga.None) (*string, error) { return nil, nil }

	t.Run("with Undo", func(t *testing.T) {
		a := saga.NewAction(saga.ActionSpec[saga.None, *string]{Name: "hotel", Do: do,
			Undo: func(saga.ActionContext, saga.None, *string) error { t.Error("called"); return nil }})
		err := a.Undo(callAt(t, d, "hotel", undoing("")))
		assert.ErrorContains(t, err, "unknown outcome: the do function may have changed something")
		assert.True(t, saga.IsPermanent(err))
	})
	t.Run("with UndoUnknown", func(t *testing.T) {
		var got []**string
		a := saga.NewAction(saga.ActionSpec[saga.None, *string]{Name: "hotel", Do: do,
			UndoUnknown: func(_ saga.ActionContext, _ saga.None, out **string) error {
				got = append(got, out)
				return nil
			}})
		require.NoError(t, a.Undo(callAt(t, d, "hotel", undoing(""))))
		require.NoError(t, a.Undo(callAt(t, d, "hotel", undoing("null"))))
		require.NoError(t, a.Undo(callAt(t, d, "hotel", undoing(`"x"`))))
		require.Len(t, got, 3)
		assert.Nil(t, got[0], "the output is unknown")
		assert.Nil(t, *got[1], "the output is known to be nil")
		assert.Equal(t, "x", **got[2])
	})
	t.Run("with nothing to undo", func(t *testing.T) {
		a := saga.NewAction(saga.ActionSpec[saga.None, *string]{Name: "hotel", Do: do})
		assert.NoError(t, a.Undo(callAt(t, d, "hotel", undoing(""))))
		assert.NoError(t, a.Undo(callAt(t, d, "hotel", undoing(`"x"`))))
	})
}

func TestUndecodableOutputIsNotUndone(t *testing.T) {
	a := saga.NewAction(saga.ActionSpec[saga.None, int]{Name: "hotel",
		Do:   func(saga.ActionContext, saga.None) (int, error) { return 1, nil },
		Undo: func(saga.ActionContext, saga.None, int) error { t.Error("called"); return nil }})
	err := a.Undo(callAt(t, hotelDAG(t), "hotel", undoing(`"x"`)))
	assert.EqualError(t, err, "decode the output to undo: json: cannot unmarshal string into Go value of type int")
	assert.True(t, saga.IsPermanent(err))
}

func TestActionFuncLooksUpItsInputs(t *testing.T) {
	undone := ""
	a := saga.NewActionFunc("hotel", func(ctx saga.ActionContext) (string, error) {
		params, err := saga.Params[trip](ctx)
		if err != nil {
			return "", err
		}
		payment, err := saga.Lookup[string](ctx, "payment")
		return params.Hotel + " for " + payment, err
	}, func(ctx saga.ActionContext) (err error) {
		undone, err = saga.Lookup[string](ctx, "hotel")
		return err
	})
	d := hotelDAG(t)
	out, err := a.Do(callAt(t, d, "hotel"))
	require.NoError(t, err)
	assert.Equal(t, `"Ritz for payment"`, string(out))
	require.NoError(t, a.Undo(callAt(t, d, "hotel", undoing(string(out)))))
	assert.Equal(t, "Ritz for payment", undone)
	assert.True(t, saga.IsPermanent(a.Undo(callAt(t, d, "hotel", undoing("")))), "the undo may need the output")
}

func TestInvalidActionsPanic(t *testing.T) {
	type in struct {
		A int `saga:"a"`
	}
	do := func(saga.ActionContext, in) (int, error) { return 0, nil }
	for want, f := range map[string]func(){
		`saga: action "x" has no Do`: func() { saga.NewAction(saga.ActionSpec[in, int]{Name: "x"}) },
		`saga: action "y" has no Do`: func() { saga.NewActionFunc[int]("y", nil, nil) },
		`saga: action "x" has both Undo and UndoUnknown`: func() {
			saga.NewAction(saga.ActionSpec[in, int]{Name: "x", Do: do,
				Undo:        func(saga.ActionContext, in, int) error { return nil },
				UndoUnknown: func(saga.ActionContext, in, *int) error { return nil }})
		},
		`saga: action "x": inputs: int is not a struct`:          func() { badInputs[int]() },
		`saga: action "x": inputs: *struct {} is not a struct`:   func() { badInputs[*struct{}]() },
		`saga: action "x": inputs: interface {} is not a struct`: func() { badInputs[any]() },
		"saga: action \"x\": inputs: field struct { A int }.A has no tag `saga:\"…\"`": func() {
			badInputs[struct{ A int }]()
		},
		`saga: action "x": inputs: field struct { a int "saga:\"a\"" }.a is not exported`: func() {
			badInputs[struct {
				a int `saga:"a"` //nolint:govet // an unexported field is tested
			}]()
		},
		`saga: action "x": inputs: two fields of ` +
			`struct { A int "saga:\"a\""; B int "saga:\"a\"" } are tagged "a"`: func() {
			badInputs[struct {
				A int `saga:"a"`
				B int `saga:"a"`
			}]()
		},
	} {
		assert.PanicsWithValue(t, want, f)
	}
}

func badInputs[In any]() {
	saga.NewAction(saga.ActionSpec[In, int]{Name: "x", Do: func(saga.ActionContext, In) (int, error) { return 0, nil }})
}

func TestNoneIsNull(t *testing.T) {
	text, err := json.Marshal(saga.None{})
	require.NoError(t, err)
	assert.Equal(t, "null", string(text))
	for _, anything := range []string{`null`, `1`, `{"a":[]}`} {
		assert.NoError(t, json.Unmarshal([]byte(anything), new(saga.None)))
	}
}
