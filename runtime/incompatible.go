package saga

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sagagen/sagagen/internal/shape"
)

// IncompatibleError says what of a saga doesn't fit an action as it is registered now. It
// wraps ErrIncompatible.
type IncompatibleError struct {
	Saga   Name
	Node   NodePath
	Action ActionName
	// Input is the input that doesn't fit; empty if it's the output.
	Input string
	// Reason leads to the part of the data that doesn't fit, and says what it was and what it
	// is, as in "output.Rooms[].Beds: was int64, is string".
	Reason string
}

// Error implements error.
func (e *IncompatibleError) Error() string {
	return fmt.Sprintf("saga %q is incompatible with action %q: node %q: %s", e.Saga, e.Action, e.Node, e.Reason)
}

// Unwrap returns ErrIncompatible.
func (e *IncompatibleError) Unwrap() error { return ErrIncompatible }

// CheckShapes returns an *IncompatibleError if the data of the saga, which has the shapes that its DAG
// was stamped with, can't be read by the actions that are registered now: the first one in the order of
// the nodes. What isn't known, on either side, fits. docs/versioning.md has the rules.
func (r *Registry) CheckShapes(d *SagaDAG) error {
	if d.shapes == nil {
		return nil
	}
	var was actionShapes
	if err := json.Unmarshal(d.shapes, &was); err != nil {
		panic(err) // it was encoded by actionShapes
	}
	c := shapeCheck{dag: d.DAG, was: was, fine: map[ActionName]bool{}}
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.kind != KindAction || c.fine[n.action] {
			continue
		}
		action, ok := r.actions[n.action]
		if !ok {
			continue // Check tells that
		}
		if input, m := c.node(NodeID(i), action.Action.Shape()); m != nil {
			return &IncompatibleError{Saga: d.name, Node: n.path, Action: n.action, Input: input, Reason: m.Path + ": " + m.Reason}
		}
	}
	return nil
}

type shapeCheck struct {
	dag *DAG
	was actionShapes
	// fine are the actions that fit wherever they stand.
	fine map[ActionName]bool
}

// node checks one action node, whose action has the shape now. It returns what doesn't fit, and the input that it's
// about.
func (c *shapeCheck) node(id NodeID, is Shape) (input string, m *shape.Misfit) {
	action := c.dag.nodes[id].action
	was, fine := c.was[action], true
	for _, input := range slices.Sorted(maps.Keys(is.Inputs)) {
		gives, known := was.Inputs[input]
		if !known {
			fine = false
			var err error
			if gives, err = c.source(id, input); err != nil {
				return input, &shape.Misfit{Path: "input" + shape.Step(input), Reason: "is new, and nothing in this saga gives it"}
			}
		}
		if m := shape.Fits(gives, is.Inputs[input]); m != nil {
			return input, m.At("input" + shape.Step(input))
		}
	}
	m = shape.Fits(was.Output, is.Output).At("output")
	c.fine[action] = fine && m == nil
	return "", m
}

// source returns the shape of the data that an input of a node gets which the action didn't
// have before; empty if it isn't known. It returns an error if it gets none.
func (c *shapeCheck) source(id NodeID, input string) (string, error) {
	from := NodeName(input)
	for _, b := range c.dag.Inputs(id) {
		if b.Input == input {
			from = b.From
		}
	}
	source, err := c.dag.source(id, from)
	if err != nil {
		return "", err
	}
	for c.dag.Kind(source) == KindSubsagaEnd {
		source = c.dag.Parents(source)[0]
	}
	return c.was[c.dag.Action(source)].Output, nil
}
