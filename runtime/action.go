package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/sagagen/sagagen/internal/shape"
)

// Action is what a node runs. NewAction and NewActionFunc make an Action from
// typed functions.
//
// Do and Undo may be called more than once for a node: after a failed attempt,
// and after a crash that left the outcome of a call unknown. So they must be
// idempotent; ActionContext.IdempotencyKey helps with that. An Action must be
// safe for concurrent use: it may run for several nodes and sagas at a time.
type Action interface {
	// Name returns the name under which the action is registered and recorded
	// in logs.
	Name() ActionName
	// Do executes the action and returns its output as JSON. An error means
	// that it changed nothing, unless the error is marked Indeterminate.
	Do(ctx ActionContext) (json.RawMessage, error)
	// Undo compensates for Do.
	Undo(ctx ActionContext) error
	// Policy returns how attempts of Do or Undo are made.
	Policy(Direction) Policy
	// Shape describes the JSON of the inputs and the output.
	Shape() Shape
}

// None is the output type of an action without output, and the input type of an
// action without inputs. Its JSON is null.
type None struct{}

// MarshalJSON implements json.Marshaler. It returns null.
func (None) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// UnmarshalJSON implements json.Unmarshaler. It accepts any JSON.
func (*None) UnmarshalJSON([]byte) error { return nil }

// ActionSpec specifies an action that takes In and returns Out.
//
// In is None, or a struct with one exported field for each input. Each field is
// tagged with the name of its input, as in `saga:"trip"`.
type ActionSpec[In, Out any] struct {
	// Name is the name of the action. Required.
	Name ActionName
	// Do executes the action. Required. An error means that Do changed nothing,
	// unless the error is marked Indeterminate.
	Do func(ActionContext, In) (Out, error)
	// DoPolicy controls the attempts of Do. Default: one attempt, without a
	// timeout.
	DoPolicy Policy

	// Undo compensates for a Do that returned the output. If Undo and
	// UndoUnknown are nil, there is nothing to undo.
	Undo func(ActionContext, In, Out) error
	// UndoUnknown replaces Undo if it can also undo a Do whose outcome is
	// unknown. The output is nil then.
	UndoUnknown func(ActionContext, In, *Out) error
	// UndoPolicy controls the attempts of Undo or UndoUnknown. Default: 11
	// attempts, without a timeout.
	UndoPolicy Policy

	// Shape describes the JSON of In and Out. Generated code sets it. Default:
	// unknown.
	Shape Shape
}

// NewAction makes an Action from typed functions. It panics if Do is nil, if
// both Undo and UndoUnknown are set, or if In is not a struct with tagged
// fields.
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

// NewActionFunc makes an Action from functions that read their inputs with
// Lookup and Params. The undo function can read the output of its own node with
// Lookup. undo may be nil if there is nothing to undo. NewActionFunc panics if
// do is nil.
func NewActionFunc[Out any](
	name ActionName, do func(ActionContext) (Out, error), undo func(ActionContext) error,
) Action {
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
		if ctx.Recovered() { // an earlier version may have decoded the inputs and run Do
			err = Indeterminate(err)
		}
		return nil, err
	}
	out, err := a.spec.Do(ctx, in)
	if err != nil {
		return nil, err
	}
	encoded, err := encodeData(&out) // a pointer, for the methods of *Out
	if err != nil {
		err = fmt.Errorf("the do function succeeded, but its output can't be encoded: %w", err)
		return nil, Permanent(Indeterminate(err))
	}
	return encoded, nil
}

// errUnknownOutcome is recorded when an undo function doesn't accept an unknown
// output. The saga becomes stuck.
var errUnknownOutcome = errors.New("unknown outcome: the do function may have changed something, " +
	"and this undo function doesn't accept an unknown output; check the effect, undo it by hand, " +
	"and mark the node undone; to have such cases undone automatically, let the undo function " +
	"take a pointer to the output")

func (a *typedAction[In, Out]) Undo(ctx ActionContext) error {
	if a.spec.Undo == nil && a.spec.UndoUnknown == nil {
		return nil
	}
	var out *Out
	if encoded := ctx.call.Output; encoded != nil {
		out = new(Out)
		if err := json.Unmarshal(encoded, out); err != nil {
			return Permanent(fmt.Errorf("decode the output to undo: %w", err))
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
