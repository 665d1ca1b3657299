package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// storedWith returns a DAG as read from a store, with the shapes that the
// registry had when the saga was recorded.
func storedWith(t *testing.T, dag *saga.DAG, recordedBy *saga.Registry) *saga.SagaDAG {
	t.Helper()
	text, err := json.Marshal(recordedBy.WithShapes(withParams(t, dag, trip{})))
	require.NoError(t, err)
	d := new(saga.SagaDAG)
	require.NoError(t, json.Unmarshal(text, d))
	return d
}

// stayDAG returns hotel, which runs the action trip.hotel, followed by bill,
// whose input is the output of hotel.
func stayDAG(t *testing.T) *saga.DAG {
	t.Helper()
	return build(t, saga.NewDAGBuilder("stay").
		Append(saga.ActionNode("hotel", "", "trip.hotel", saga.Bind("trip", saga.FromParams))).
		Append(saga.ActionNode("bill", "", "trip.bill", saga.Bind("hotel", "hotel"))))
}

const (
	stayTrip  = `{"Hotel":string}`
	stayHotel = `{"Rooms":[]{"Beds":int}}`
)

func stayRegistry(trip, hotel, billed, bill string) *saga.Registry {
	return register(
		shaped("trip.hotel", saga.Shape{Inputs: saga.Shapes{"trip": trip}, Output: hotel}),
		shaped("trip.bill", saga.Shape{Inputs: saga.Shapes{"hotel": billed}, Output: bill}),
	)
}

func TestIncompatibleErrorNamesNodeTypeAndChange(t *testing.T) {
	d := storedWith(t, stayDAG(t), stayRegistry(stayTrip, stayHotel, stayHotel, "int"))
	const changed = `{"Rooms":[]{"Beds":string}}`
	for _, c := range []struct {
		is   *saga.Registry
		want *saga.IncompatibleError
	}{
		{stayRegistry(stayTrip, stayHotel, stayHotel, "int"), nil},
		{stayRegistry(`{"Hotel":string,"Nights"?:int}`, `{"Rooms":[]{"Beds":int64}}`, `{"Rooms":[]{"Beds":int64}}`,
			"*int"), nil},
		{stayRegistry("", "", "", ""), nil},
		{saga.NewRegistry(), nil},
		{stayRegistry(stayTrip, changed, changed, "int"),
			&saga.IncompatibleError{Saga: "stay", Node: "hotel", Action: "trip.hotel",
				Reason: "output.Rooms[].Beds: was int, is string"}},
		{stayRegistry(`{"Hotel":int}`, changed, changed, "int"),
			&saga.IncompatibleError{Saga: "stay", Node: "hotel", Action: "trip.hotel", Input: "trip",
				Reason: "input.trip.Hotel: was string, is int"}},
		{stayRegistry(stayTrip, stayHotel, changed, "int"),
			&saga.IncompatibleError{Saga: "stay", Node: "bill", Action: "trip.bill", Input: "hotel",
				Reason: "input.hotel.Rooms[].Beds: was int, is string"}},
		{stayRegistry(stayTrip, stayHotel, stayHotel, "uint"),
			&saga.IncompatibleError{Saga: "stay", Node: "bill", Action: "trip.bill",
				Reason: "output: was int, is uint"}},
	} {
		err := c.is.CheckShapes(d)
		if c.want == nil {
			assert.NoError(t, err)
			continue
		}
		var got *saga.IncompatibleError
		require.ErrorAs(t, err, &got)
		assert.Equal(t, c.want, got)
		assert.ErrorIs(t, err, saga.ErrIncompatible)
	}
	err := stayRegistry(stayTrip, changed, changed, "int").CheckShapes(d)
	assert.EqualError(t, err,
		`saga "stay" is incompatible with action "trip.hotel": node "hotel": output.Rooms[].Beds: was int, is string`)
}

func TestSagaWithoutShapesFits(t *testing.T) {
	d := storedWith(t, stayDAG(t), saga.NewRegistry())
	assert.NoError(t, stayRegistry("int", "int", "string", "bool").CheckShapes(d))
}

func TestNewInputFitsIfTheSagaProvidesIt(t *testing.T) {
	inner := build(t, saga.NewDAGBuilder("inner").Append(action("room", saga.Bind("plan", saga.FromParams))))
	dag := build(t, saga.NewDAGBuilder("outer").
		Append(action("hotel")).
		Append(saga.ConstantNode("nights", 3)).
		Append(saga.SubsagaNode("stay", inner, "hotel")).
		Append(action("bill")))
	then := register(
		shaped("hotel", saga.Shape{Output: "int8"}),
		shaped("room", saga.Shape{Output: "string"}),
		shaped("bill", saga.Shape{Output: "int"}),
	)
	d := storedWith(t, dag, then)
	check := func(action saga.ActionName, input, shape string) error {
		is := register(shaped(action, saga.Shape{Inputs: saga.Shapes{input: shape}}))
		return is.CheckShapes(d)
	}
	assert.NoError(t, check("bill", "hotel", "int16"))
	assert.EqualError(t, check("bill", "hotel", "string"),
		`saga "outer" is incompatible with action "bill": node "bill": input.hotel: was int8, is string`)
	assert.NoError(t, check("bill", "stay", "string"), "a subsaga has the output of its last node")
	assert.EqualError(t, check("bill", "stay", "int"),
		`saga "outer" is incompatible with action "bill": node "bill": input.stay: was string, is int`)
	assert.NoError(t, check("bill", "nights", "int"), "the shape of a constant is unknown")
	assert.NoError(t, check("room", "plan", "int"), "the shape of the parameters is unknown")
	assert.EqualError(t, check("bill", "flight", "int"),
		`saga "outer" is incompatible with action "bill": node "bill": `+
			`input.flight: is new, and no node of this saga provides it`)
	assert.EqualError(t, check("room", "hotel", "int8"),
		`saga "outer" is incompatible with action "room": node "stay/room": `+
			`input.hotel: is new, and no node of this saga provides it`)
}

func TestNewOutputOfAnActionWithoutOutputDoesNotFit(t *testing.T) {
	dag := build(t, saga.NewDAGBuilder("s").Append(action("a")))
	none, some := register(noop("a")), register(shaped("a", saga.Shape{Output: "string"}))
	assert.EqualError(t, some.CheckShapes(storedWith(t, dag, none)),
		`saga "s" is incompatible with action "a": node "a": output: was null, is string`)
	assert.NoError(t, none.CheckShapes(storedWith(t, dag, some)), "the old output is not read")
}

func TestAliasResolvesToTheRenamedAction(t *testing.T) {
	r := stayRegistry(stayTrip, stayHotel, stayHotel, "int")
	d := storedWith(t, stayDAG(t), r)

	renamed := register(shaped("trip.bill", saga.Shape{}), shaped("trip.lodging", saga.Shape{Output: stayHotel}))
	require.ErrorIs(t, renamed.Check(d.DAG), saga.ErrUnknownAction)
	renamed.Alias("trip.hotel", "trip.lodging")
	assert.NoError(t, renamed.Check(d.DAG))
	assert.NoError(t, renamed.CheckShapes(d))
	found, _ := renamed.Lookup("trip.hotel")
	assert.Equal(t, saga.ActionName("trip.lodging"), found.Name())
	assert.Equal(t, []saga.ActionName{"trip.bill", "trip.lodging"}, renamed.Names())

	text, err := json.Marshal(renamed.WithShapes(withParams(t, stayDAG(t), 1)))
	require.NoError(t, err)
	assert.Contains(t, string(text), `"shapes":{"trip.hotel":{"output":`, "the shape has the name in the DAG")

	changed := register(shaped("trip.lodging", saga.Shape{Output: "int"}))
	changed.Alias("trip.hotel", "trip.lodging")
	assert.EqualError(t, changed.CheckShapes(d),
		`saga "stay" is incompatible with action "trip.hotel": node "hotel": `+
			`output: was {"Rooms":[]{"Beds":int}}, is int`)
}

func TestInvalidAliasPanics(t *testing.T) {
	r := register(noop("a"), noop("b"))
	r.Alias("old", "a")
	r.Alias("older", "old")
	assert.PanicsWithValue(t, `saga: alias "x": action "c" is not registered`, func() { r.Alias("x", "c") })
	assert.PanicsWithValue(t, `saga: alias "b" of action "a": an action has that name`, func() { r.Alias("b", "a") })
	assert.PanicsWithValue(t, `saga: alias "a" of action "a": an action has that name`, func() { r.Alias("a", "a") })
	assert.PanicsWithValue(t, `saga: alias "old" of action "b": an action has that name`,
		func() { r.Alias("old", "b") })
	assert.PanicsWithValue(t, `saga: alias of action "a": its name: it is empty`, func() { r.Alias("", "a") })
	assert.PanicsWithValue(t, `saga: action "old" is registered twice`, func() { r.Register(nil, noop("old")) })
}
