package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
)

// ActionContext is what an action is called with: a context.Context, and what the action can
// know about its node and its saga. It is valid until the call returns, and may be used by several
// goroutines until then.
//
// The context of a do function ends when its attempt's time is up or the coordinator shuts
// down. The context of an undo function ends for these reasons only as well: never because a
// caller, or the saga, was cancelled.
type ActionContext struct {
	context.Context
	call *Call
}

// Call describes one call of an action. Coordinators make it; actions see it through an ActionContext.
type Call struct {
	ID        ID
	DAG       *SagaDAG
	Node      NodeID
	Direction Direction
	// Attempt counts from 1.
	Attempt int
	// Recovered says that an earlier process began this and didn't record an end.
	Recovered bool
	// App is the application context.
	App any
	// Logger is what ActionContext.Logger is derived from. It is never nil.
	Logger *slog.Logger
	// Outputs holds the output of each ancestor of the node, by its NodeID. What it holds at
	// other indices is not looked at.
	Outputs []json.RawMessage
	// Output is, for an undo, the node's own output; nil if it's unknown.
	Output json.RawMessage
}

// NewActionContext returns the context of a call. The call is not changed afterwards.
func NewActionContext(ctx context.Context, call *Call) ActionContext {
	return ActionContext{Context: ctx, call: call}
}

type contextKey struct{}

// Value implements context.Context.
func (c ActionContext) Value(key any) any {
	if key == (contextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// FromContext returns the ActionContext that ctx is or is derived from. It reports false
// if there is none, as outside of an action.
func FromContext(ctx context.Context) (ActionContext, bool) {
	c, ok := ctx.Value(contextKey{}).(ActionContext)
	return c, ok
}

// SagaID returns the saga's ID.
func (c ActionContext) SagaID() ID { return c.call.ID }

// SagaName returns the saga's name.
func (c ActionContext) SagaName() Name { return c.call.DAG.Name() }

// Node returns the node's name in the whole saga.
func (c ActionContext) Node() NodePath { return c.call.DAG.Path(c.call.Node) }

// Label returns the node's label.
func (c ActionContext) Label() string { return c.call.DAG.Label(c.call.Node) }

// Direction returns whether this is a do or an undo.
func (c ActionContext) Direction() Direction { return c.call.Direction }

// Attempt counts the attempts of this process from 1.
func (c ActionContext) Attempt() int { return c.call.Attempt }

// Recovered reports whether an earlier process began this and didn't record how it ended. It may have called the function, or only have waited
// for a limit to let it.
func (c ActionContext) Recovered() bool { return c.call.Recovered }

// Logger returns a logger that tells the saga and the node with each line.
func (c ActionContext) Logger() *slog.Logger {
	return c.call.Logger.With("saga", c.call.ID, "node", c.Node(), "direction", c.Direction().String())
}

// IdempotencyKey returns a text of the form saga/node/do or saga/node/undo. It is the same in every attempt,
// in every process, and another for every other node, direction and saga. A service that
// is given it can recognise a request which it has served already.
func (c ActionContext) IdempotencyKey() string { return c.key(c.call.Direction) }

// DoKey returns what IdempotencyKey returned to the do function of this node. An undo
// function uses it to find what the do function may have left.
func (c ActionContext) DoKey() string { return c.key(Do) }

func (c ActionContext) key(d Direction) string {
	return fmt.Sprintf("%s/%s/%s", c.call.ID, c.Node(), d)
}

// RawParams returns the parameters as JSON: the saga's, or inside a subsaga that subsaga's.
func (c ActionContext) RawParams() (json.RawMessage, error) { return c.output(FromParams) }

// RawLookup returns the output of an ancestor as JSON, or in an undo function also that of its own node. The
// ancestor is in the same name space. The error wraps ErrNotAncestor if there's none of that name.
func (c ActionContext) RawLookup(name NodeName) (json.RawMessage, error) {
	if err := validName(name); err != nil {
		return nil, fmt.Errorf("saga %q: node %q: %w: %w", c.SagaName(), c.Node(), ErrNotAncestor, err)
	}
	if c.call.Direction == Undo && name == c.call.DAG.NodeName(c.call.Node) && c.call.Output != nil {
		return c.call.Output, nil
	}
	return c.output(name)
}

// Lookup returns the output of an ancestor, or in an undo function also that of its own node. The error wraps ErrNotAncestor if there's no
// ancestor of that name; it's another if its output is not a T.
func Lookup[T any](ctx ActionContext, name NodeName) (T, error) {
	var value T
	raw, err := ctx.RawLookup(name)
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, fmt.Errorf("output of node %q: %w", name, err)
	}
	return value, nil
}

// Params returns the parameters: the saga's, or inside a subsaga that subsaga's. It returns an error if they are not a T.
func Params[T any](ctx ActionContext) (T, error) {
	var value T
	raw, err := ctx.RawParams()
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, fmt.Errorf("parameters of saga %q: %w", ctx.SagaName(), err)
	}
	return value, nil
}

// App returns the application context that the action was registered with. It returns an error if that is not a T.
func App[T any](ctx ActionContext) (T, error) {
	app, ok := ctx.call.App.(T)
	if !ok {
		return app, fmt.Errorf("application context is a %T, not a %s", ctx.call.App, reflect.TypeFor[T]())
	}
	return app, nil
}

// input returns what an input is bound to.
func (c ActionContext) input(name string) (json.RawMessage, error) {
	for _, b := range c.call.DAG.Inputs(c.call.Node) {
		if b.Input == name {
			return c.output(b.From)
		}
	}
	return c.output(NodeName(name))
}

// output follows a name from the node to where its value comes from: an ancestor, the saga's
// parameters, or through the brackets of the subsagas around the node.
func (c ActionContext) output(from NodeName) (json.RawMessage, error) {
	d, id := c.call.DAG, c.call.Node
	for {
		source, err := d.source(id, from)
		if err != nil {
			return nil, err
		}
		switch d.Kind(source) {
		case KindStart:
			return d.params, nil
		case KindSubsagaStart:
			id, from = source, d.nodes[source].params
		case KindConstant:
			return d.Value(source), nil
		default:
			return c.call.Outputs[source], nil
		}
	}
}
