package saga

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Shape describes the JSON of an action's inputs and output, in the notation of sagagen. What is
// empty is not known.
type Shape struct {
	Inputs Shapes
	Output string
}

// Shapes holds a shape for each input, by its name.
type Shapes map[string]string

// actionShapes holds the shapes of the actions of a saga, by their names in its DAG.
type actionShapes map[ActionName]shapeJSON

type shapeJSON struct {
	Inputs Shapes `json:"inputs,omitempty"`
	Output string `json:"output,omitempty"`
}

// encodeShape returns the member of the JSON of actionShapes for an action; empty if nothing is known.
func encodeShape(name ActionName, s Shape) string {
	if len(s.Inputs) == 0 && s.Output == "" {
		return ""
	}
	return string(encode(name)) + ":" + string(encode(shapeJSON(s)))
}

// encode returns the JSON of all shapes, sorted; nil if nothing is known.
func (s actionShapes) encode() json.RawMessage {
	var members []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		members = append(members, encodeShape(name, Shape(s[name])))
	}
	return joinShapes(members)
}

// joinShapes makes an object of what encodeShape returned.
func joinShapes(members []string) json.RawMessage {
	members = slices.DeleteFunc(members, func(m string) bool { return m == "" })
	if len(members) == 0 {
		return nil
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}")
}

// stamp is what a registry knew of the actions of a DAG.
type stamp struct {
	by     *Registry
	shapes json.RawMessage
}

// WithShapes returns d with the shapes that the registry has for its actions, so that a later
// program can tell whether it can go on with the saga. Shapes that d has already are kept: they
// say how the data that there is was written. Coordinators call it when they record a saga.
func (r *Registry) WithShapes(d *SagaDAG) *SagaDAG {
	if d.shapes != nil {
		return d
	}
	shapes := r.shapes(d.DAG)
	if shapes == nil {
		return d
	}
	return &SagaDAG{DAG: d.DAG, params: d.params, shapes: shapes}
}

// shapes returns the JSON of the shapes of the DAG's actions. The DAG keeps it, as many sagas may have the same DAG.
func (r *Registry) shapes(d *DAG) json.RawMessage {
	if s := d.stamp.Load(); s != nil && s.by == r {
		return s.shapes
	}
	names := make([]ActionName, 0, len(d.nodes))
	for i := range d.nodes {
		if d.nodes[i].kind == KindAction {
			names = append(names, d.nodes[i].action)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	members := make([]string, len(names))
	for i, name := range names {
		members[i] = r.actions[name].shape
	}
	s := &stamp{by: r, shapes: joinShapes(members)}
	d.stamp.Store(s)
	return s.shapes
}
