package saga

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/runtime/engine"
)

// Shape describes the JSON of an action's inputs and output, in the notation of
// sagagen. An empty string or an absent input means that the shape is unknown.
type Shape struct {
	Inputs Shapes
	Output string
}

// Shapes maps the names of inputs to their shapes.
type Shapes map[string]string

// actionShapes maps the actions of a DAG, by the names used there, to their
// shapes.
type actionShapes map[ActionName]shapeJSON

type shapeJSON struct {
	Inputs Shapes `json:"inputs,omitempty"`
	Output string `json:"output,omitempty"`
}

// encodeShape returns the member for an action in the JSON of actionShapes;
// empty if nothing is known.
func encodeShape(name ActionName, s Shape) string {
	if len(s.Inputs) == 0 && s.Output == "" {
		return ""
	}
	return string(encode(name)) + ":" + string(encode(shapeJSON(s)))
}

// encode returns the JSON of all shapes, sorted by action; nil if nothing is
// known.
func (s actionShapes) encode() json.RawMessage {
	var members []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		members = append(members, encodeShape(name, Shape(s[name])))
	}
	return joinShapes(members)
}

// joinShapes makes a JSON object of members that encodeShape returned.
func joinShapes(members []string) json.RawMessage {
	members = slices.DeleteFunc(members, func(m string) bool { return m == "" })
	if len(members) == 0 {
		return nil
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}")
}

// registryShapes are the shapes that a registry has for the actions of a DAG.
type registryShapes struct {
	registry *Registry
	shapes   json.RawMessage
}

// WithShapes returns d with the shapes that the registry has for its actions.
// They let a later program check whether its actions can read the data of the
// saga; see CheckShapes. If d already has shapes, WithShapes returns d, because
// those describe the data that is already written. Coordinators call it when
// they record a saga.
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

// shapes returns the JSON of the shapes of the DAG's actions. The DAG caches
// it, because many sagas share a DAG.
func (r *Registry) shapes(d *DAG) json.RawMessage {
	if s := d.shapeCache.Load(); s != nil && s.registry == r {
		return s.shapes
	}
	names := make([]ActionName, 0, len(d.nodes))
	for i := range d.nodes {
		if d.nodes[i].kind == engine.KindAction {
			names = append(names, d.nodes[i].action)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	members := make([]string, len(names))
	for i, name := range names {
		members[i] = r.actions[name].shape
	}
	s := &registryShapes{registry: r, shapes: joinShapes(members)}
	d.shapeCache.Store(s)
	return s.shapes
}
