package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/sagagen/sagagen/internal/shape"
)

// Action is what a node runs. NewAction and NewActionFunc make one from typed functions.
//
// Do and Undo may be called more than once for a node: after a failed attempt, and after a crash, when nobody knows how
// far the call came. So they have to be idempotent; ActionContext.IdempotencyKey helps.
// Both may be called by several goroutines, for several nodes.
type Action interface {
	// Name returns the name under which the action is registered and logged.
	Name() ActionName
	// Do does it, and returns the output as JSON.
	Do(ctx ActionContext) (json.RawMessage, error)
	// Undo undoes it.
	Undo(ctx ActionContext) error
	// Policy says how attempts are made.
	Policy(Direction) Policy
	// Shape describes the data that it takes and gives.
	Shape() Shape
}

// None is the output of an action that has none, and the input of one that needs none. Its JSON is null.
type None struct{}

// MarshalJSON implements json.Marshaler with null.
func (None) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// UnmarshalJSON implements json.Unmarshaler; it takes any JSON.
func (*None) UnmarshalJSON([]byte) error { return nil }

// ActionSpec is all that there is to an action which takes In and returns Out.
//
// In is a struct with a field of any type for each input, exported and tagged with the
// input's name as in `saga:"trip"`; or None.
type ActionSpec[In, Out any] struct {
	// Name is the action's name. Required.
	Name ActionName
	// Do does it. Required. An error means that nothing was changed, unless it's marked Indeterminate.
	Do func(ActionContext, In) (Out, error)
	// DoPolicy says how Do is attempted; the zero Policy makes one attempt, without a bound.
	DoPolicy Policy

	// Undo undoes what Do did, given its output. If it's nil and UndoUnknown too, nothing is to be undone.
	Undo func(ActionContext, In, Out) error
	// UndoUnknown stands in place of Undo if it can also undo a Do whose outcome is unknown. It is
	// given nil then.
	UndoUnknown func(ActionContext, In, *Out) error
	// UndoPolicy says how Undo or UndoUnknown is attempted; the zero Policy makes DefaultUndoAttempts
	// attempts, without a bound.
	UndoPolicy Policy

	// Shape describes In and Out. Generated code fills it in.
	Shape Shape
}

// NewAction makes an Action. It panics if the spec is not one, as that is a mistake in the program.
func NewAction[In, Out any](spec ActionSpec[In, Out]) Action {
	switch {
	case spec.Do == nil:
		panic(fmt.Sprintf("saga: action %q has no Do", spec.Name))
	case spec.Undo != nil && spec.UndoUnknown != nil:
		panic(fmt.Sprintf("saga: action %q has both Undo and UndoUnknown", spec.Name))
	}
	fields, err := taggedFields(reflect.TypeFor[In]())
	if err != nil {
		panic(fmt.Sprintf("saga: action %q: inputs: %v", spec.Name, err))
	}
	if _, none := any((*Out)(nil)).(*None); none {
		spec.Shape.Output = shape.Null
	}
	return &typedAction[In, Out]{spec: spec, inputs: fields}
}

// NewActionFunc makes an Action from functions that find their inputs themselves, with Lookup
// and Params. The undo also finds its own node's output with Lookup. It may be nil if there is nothing to undo.
func NewActionFunc[Out any](name ActionName, do func(ActionContext) (Out, error), undo func(ActionContext) error) Action {
	if do == nil {
		panic(fmt.Sprintf("saga: action %q has no Do", name))
	}
	spec := ActionSpec[None, Out]{
		Name: name,
		Do:   func(ctx ActionContext, _ None) (Out, error) { return do(ctx) },
	}
	if undo != nil {
		spec.Undo = func(ctx ActionContext, _ None, _ Out) error { return undo(ctx) }
	}
	return NewAction(spec)
}

type typedAction[In, Out any] struct {
	spec   ActionSpec[In, Out]
	inputs []taggedField
}

func (a *typedAction[In, Out]) Name() ActionName { return a.spec.Name }

func (a *typedAction[In, Out]) Shape() Shape { return a.spec.Shape }

func (a *typedAction[In, Out]) Policy(d Direction) Policy {
	if d == Undo {
		return a.spec.UndoPolicy
	}
	return a.spec.DoPolicy
}

func (a *typedAction[In, Out]) Do(ctx ActionContext) (json.RawMessage, error) {
	in, err := a.decodeInputs(ctx)
	if err != nil {
		if ctx.Recovered() { // code of then may have decoded them, and have done something
			err = Indeterminate(err)
		}
		return nil, err
	}
	out, err := a.spec.Do(ctx, in)
	if err != nil {
		return nil, err
	}
	encoded, err := encodeData(&out) // by pointer, so that a MarshalJSON of *Out is called too
	if err != nil {
		return nil, Permanent(Indeterminate(fmt.Errorf("output of a do function that succeeded: %w", err)))
	}
	return encoded, nil
}

// errUnknownOutcome is why an undo can't be called. It is recorded, and leaves the saga stuck.
var errUnknownOutcome = errors.New("nobody knows whether the do function changed anything, and this undo function doesn't take an " +
	"unknown output: look, then undo it by hand; to have such cases undone, let the undo function take a pointer to what the do function returns")

func (a *typedAction[In, Out]) Undo(ctx ActionContext) error {
	if a.spec.Undo == nil && a.spec.UndoUnknown == nil {
		return nil
	}
	var out *Out
	if encoded := ctx.call.Output; encoded != nil {
		out = new(Out)
		if err := json.Unmarshal(encoded, out); err != nil {
			return Permanent(fmt.Errorf("output that is to be undone: %w", err))
		}
	}
	if out == nil && a.spec.UndoUnknown == nil {
		return Permanent(errUnknownOutcome)
	}
	in, err := a.decodeInputs(ctx)
	if err != nil {
		return err
	}
	if a.spec.UndoUnknown != nil {
		return a.spec.UndoUnknown(ctx, in, out)
	}
	return a.spec.Undo(ctx, in, *out)
}

func (a *typedAction[In, Out]) decodeInputs(ctx ActionContext) (In, error) {
	var in In
	err := decodeTagged(&in, a.inputs, func(name string) (json.RawMessage, error) { return ctx.input(name) })
	if err != nil {
		return in, Permanent(fmt.Errorf("action %q: input %w", a.spec.Name, err))
	}
	return in, nil
}
