package saga

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sagagen/sagagen/internal/shape"
	"github.com/sagagen/sagagen/runtime/engine"
)

// IncompatibleError says which recorded data of a saga doesn't fit an action
// that is registered now. It wraps ErrIncompatible.
type IncompatibleError struct {
	Saga   Name
	Node   NodePath
	Action ActionName
	// Input is the input that doesn't fit; empty if the output doesn't fit.
	Input string
	// Reason says which part of the data doesn't fit, with its old and its new
	// type, as in "output.Rooms[].Beds: was int64, is string".
	Reason string
}

// Error implements error.
func (e *IncompatibleError) Error() string {
	return fmt.Sprintf("saga %q is incompatible with action %q: node %q: %s", e.Saga, e.Action, e.Node, e.Reason)
}

// Unwrap returns ErrIncompatible.
func (e *IncompatibleError) Unwrap() error { return ErrIncompatible }

// CheckShapes returns an *IncompatibleError if the registered actions can't
// read the recorded data of the saga. It compares the shapes that were recorded
// with the DAG to those of the actions, in the order of the nodes, and returns
// the first mismatch. Unknown shapes fit. docs/versioning.md lists the rules.
func (r *Registry) CheckShapes(d *SagaDAG) error {
	if d.shapes == nil {
		return nil
	}
	var recorded actionShapes
	if err := json.Unmarshal(d.shapes, &recorded); err != nil {
		panic(err) // actionShapes.encode made it
	}
	c := shapeCheck{dag: d.DAG, recorded: recorded, compatible: map[ActionName]bool{}}
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.kind != engine.KindAction || c.compatible[n.action] {
			continue
		}
		action, ok := r.actions[n.action]
		if !ok {
			continue // Registry.Check reports it
		}
		if input, m := c.node(engine.NodeID(i), action.Action.Shape()); m != nil {
			return &IncompatibleError{
				Saga: d.name, Node: n.path, Action: n.action,
				Input: input, Reason: m.Path + ": " + m.Reason,
			}
		}
	}
	return nil
}

type shapeCheck struct {
	dag      *DAG
	recorded actionShapes
	// compatible holds the actions that fit at any node.
	compatible map[ActionName]bool
}

// node checks an action node against the current shape of its action. It
// returns the mismatch, and the input that it concerns if it concerns one.
func (c *shapeCheck) node(id engine.NodeID, current Shape) (input string, m *shape.Misfit) {
	action := c.dag.nodes[id].action
	recorded, atAnyNode := c.recorded[action], true
	for _, input := range slices.Sorted(maps.Keys(current.Inputs)) {
		provided, known := recorded.Inputs[input]
		if !known {
			atAnyNode = false
			var err error
			if provided, err = c.source(id, input); err != nil {
				return input, &shape.Misfit{
					Path:   "input" + shape.Step(input),
					Reason: "is new, and no node of this saga provides it",
				}
			}
		}
		if m := shape.Fits(provided, current.Inputs[input]); m != nil {
			return input, m.At("input" + shape.Step(input))
		}
	}
	m = shape.Fits(recorded.Output, current.Output).At("output")
	c.compatible[action] = atAnyNode && m == nil
	return "", m
}

// source returns the shape of the data for an input that the recorded action
// didn't have; empty if the shape is unknown. It returns an error if no
// ancestor provides the input.
func (c *shapeCheck) source(id engine.NodeID, input string) (string, error) {
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
	for c.dag.Kind(source) == engine.KindSubsagaEnd {
		source = c.dag.Parents(source)[0]
	}
	return c.recorded[c.dag.Action(source)].Output, nil
}
