package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/sagagen/sagagen/runtime/engine"
)

// ActionContext is the context of one call of an action. It extends
// context.Context with the node, the saga and the inputs. It is valid until the
// call returns and is safe for concurrent use until then.
//
// The context ends when the attempt exceeds its timeout, when the coordinator's
// Stop ends its wait, or when the coordinator loses the saga, for example
// because its lease expired. It never ends because a caller's context was
// canceled or because the saga unwinds.
type ActionContext struct {
	context.Context
	call *Call
}

type contextKey struct{}

// Value implements context.Context.
func (c ActionContext) Value(key any) any {
	if key == (contextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// FromContext returns the ActionContext from which ctx is derived. It returns
// false if there is none, as outside of an action.
func FromContext(ctx context.Context) (ActionContext, bool) {
	c, ok := ctx.Value(contextKey{}).(ActionContext)
	return c, ok
}

// SagaID returns the ID of the saga.
func (c ActionContext) SagaID() ID { return c.call.ID }

// SagaName returns the name of the saga.
func (c ActionContext) SagaName() Name { return c.call.DAG.Name() }

// Node returns the path of the node.
func (c ActionContext) Node() NodePath { return c.call.DAG.Path(c.call.Node) }

// Label returns the label of the node.
func (c ActionContext) Label() string { return c.call.DAG.Label(c.call.Node) }

// Direction returns Do in a do function and Undo in an undo function.
func (c ActionContext) Direction() Direction { return c.call.Direction }

// Attempt returns the number of this attempt, counted from 1. Attempts of
// earlier processes are not counted.
func (c ActionContext) Attempt() int { return c.call.Attempt }

// Recovered reports whether the saga was recovered after a crash, and an
// earlier process had started this task without recording its outcome. That
// process may have called the function, or may only have waited for a
// concurrency limit.
func (c ActionContext) Recovered() bool { return c.call.Recovered }

// Logger returns a logger that adds the saga, the node and the direction to
// each record.
func (c ActionContext) Logger() *slog.Logger {
	return c.call.Logger.With("saga", c.call.ID, "node", c.Node(), "direction", c.Direction().String())
}

// IdempotencyKey returns a key of the form saga/node/do or saga/node/undo. It
// is the same for all attempts, in all processes, and differs for every other
// node, direction and saga. A service that gets it can recognize a repeated
// request.
func (c ActionContext) IdempotencyKey() string { return c.key(c.call.Direction) }

// DoKey returns the key that IdempotencyKey returns in the do function of this
// node. An undo function uses it to find the effects of the do function.
func (c ActionContext) DoKey() string { return c.key(Do) }

func (c ActionContext) key(d Direction) string {
	return fmt.Sprintf("%s/%s/%s", c.call.ID, c.Node(), d)
}

// RawParams returns the parameters of the saga as JSON; inside a subsaga, those
// of the subsaga. They may contain secrets; see Redact.
func (c ActionContext) RawParams() (json.RawMessage, error) { return c.output(FromParams) }

// RawLookup returns the output of an ancestor as JSON. In an undo function it
// also returns the known output of the node itself. The ancestor must be in the
// same name space. The error wraps ErrNotAncestor if there is no such ancestor.
// The output may contain secrets; see Redact.
func (c ActionContext) RawLookup(name NodeName) (json.RawMessage, error) {
	if err := validName(name); err != nil {
		return nil, fmt.Errorf("saga %q: node %q: %w: %w", c.SagaName(), c.Node(), ErrNotAncestor, err)
	}
	if c.call.Direction == Undo && name == c.call.DAG.NodeName(c.call.Node) && c.call.Output != nil {
		return c.call.Output, nil
	}
	return c.output(name)
}

// Lookup returns the output of an ancestor, decoded as T. In an undo function
// it also returns the known output of the node itself. The error wraps
// ErrNotAncestor if there is no such ancestor; otherwise the output can't be
// decoded.
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

// Params returns the parameters of the saga, decoded as T; inside a subsaga,
// those of the subsaga.
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

// App returns the application context with which the action was registered. It
// returns an error if the context is not a T.
func App[T any](ctx ActionContext) (T, error) {
	app, ok := ctx.call.App.(T)
	if !ok {
		return app, fmt.Errorf("application context is a %T, not a %s", ctx.call.App, reflect.TypeFor[T]())
	}
	return app, nil
}

// input returns the value to which an input is bound.
func (c ActionContext) input(name string) (json.RawMessage, error) {
	for _, b := range c.call.DAG.Inputs(c.call.Node) {
		if b.Input == name {
			return c.output(b.From)
		}
	}
	return c.output(NodeName(name))
}

// output resolves a name in the name space of the node. The value is the output
// of an ancestor, the parameters of the saga or, across the starts of the
// enclosing subsagas, an output further out.
func (c ActionContext) output(from NodeName) (json.RawMessage, error) {
	d, id := c.call.DAG, c.call.Node
	for {
		source, err := d.source(id, from)
		if err != nil {
			return nil, err
		}
		switch d.Kind(source) {
		case engine.KindStart:
			return d.params, nil
		case engine.KindSubsagaStart:
			id, from = source, d.nodes[source].params
		case engine.KindConstant:
			return d.Value(source), nil
		default:
			return c.call.Outputs[source], nil
		}
	}
}
