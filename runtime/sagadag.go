package saga

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/sagagen/sagagen/runtime/engine"
)

// SagaDAG is a DAG together with the parameters of one saga. It is recorded
// when the saga is created and never changes.
//
// Its JSON is versioned and has this form. The order of the nodes is that of
// their indices, and "after" lists the parents of a node by index:
//
//	{"version":1,
//	 "name":"book-trip",
//	 "params":{"Hotel":"Ritz"},
//	 "nodes":[
//	   {"kind":"start"},
//	   {"kind":"action","name":"payment","label":"ChargeCreditCard",
//	    "action":"trip.payment","inputs":[{"input":"trip","from":"$params"}],
//	    "after":[0]},
//	   {"kind":"constant","name":"size","value":1,"after":[1]},
//	   {"kind":"subsaga_start","subsaga":"alloc","params":"size","after":[2]},
//	   {"kind":"action","name":"pick","label":"pick","action":"alloc.pick",
//	    "after":[3]},
//	   {"kind":"subsaga_end","name":"server","after":[4]},
//	   {"kind":"end","after":[5]}],
//	 "shapes":{
//	   "trip.payment":{"inputs":{"trip":"{\"Hotel\":string}"},
//	                   "output":"{\"Number\":string}"}}}
//
// "shapes" describes the data of the actions at the time when the saga was
// created; see Registry.WithShapes. It is absent if no shape was known. Shapes
// say how to read the saga's data. They are not part of the saga's identity:
// Equal ignores them.
//
// Stores keep the parameters separately, because the rest is the same for many
// sagas; see Parts.
type SagaDAG struct {
	*DAG
	params json.RawMessage
	shapes json.RawMessage // the JSON of actionShapes; nil if no shape is known
}

var errNoDAG = errors.New("saga has no DAG")

// NewSagaDAG returns the DAG with parameters. It encodes params as JSON
// immediately and returns an error if that fails.
func NewSagaDAG(dag *DAG, params any) (*SagaDAG, error) {
	if dag == nil || len(dag.nodes) == 0 { // the zero DAG
		return nil, errNoDAG
	}
	encoded, err := encodeData(params)
	if err != nil {
		return nil, fmt.Errorf("saga %q: parameters: %w", dag.name, err)
	}
	return &SagaDAG{DAG: dag, params: encoded}, nil
}

// Params returns the parameters as JSON. The caller must not change it. It may
// contain secrets; see Redact.
func (d *SagaDAG) Params() json.RawMessage { return d.params }

// dagVersion is the version that is written, and the only one that is read.
const dagVersion = 1

type dagJSON struct {
	Version int             `json:"version"`
	Name    Name            `json:"name"`
	Params  json.RawMessage `json:"params"`
	Nodes   []nodeJSON      `json:"nodes"`
	Shapes  actionShapes    `json:"shapes"`
}

type nodeJSON struct {
	Kind    engine.NodeKind `json:"kind"`
	Name    NodeName        `json:"name,omitempty"`
	Label   string          `json:"label,omitempty"`
	Action  ActionName      `json:"action,omitempty"`
	Inputs  []bindingJSON   `json:"inputs,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"`
	Subsaga Name            `json:"subsaga,omitempty"`
	Params  NodeName        `json:"params,omitempty"`
	After   []engine.NodeID `json:"after,omitempty"`
}

type bindingJSON struct {
	Input string   `json:"input"`
	From  NodeName `json:"from"`
}

// encodedDAG is the JSON of a DAG in two pieces. The parameters go between
// them.
type encodedDAG struct{ head, nodes []byte }

// encodedParts is the JSON of a SagaDAG with these shapes, without parameters.
type encodedParts struct{ shapes, dag []byte }

// MarshalJSON implements json.Marshaler. Equal DAGs with equal parameters and
// shapes produce equal bytes.
func (d *SagaDAG) MarshalJSON() ([]byte, error) {
	if d.DAG == nil {
		return nil, errNoDAG
	}
	return d.jsonWith(d.params), nil
}

// jsonWith returns the JSON of d with the given parameters, or without
// parameters if they are nil.
func (d *SagaDAG) jsonWith(params []byte) []byte {
	encoded := d.encode()
	out := make([]byte, 0, len(encoded.head)+len(params)+len(encoded.nodes)+len(d.shapes)+32)
	out = append(out, encoded.head...)
	if params != nil {
		out = append(append(out, `,"params":`...), params...)
	}
	out = append(out, encoded.nodes...)
	if d.shapes != nil {
		out = append(append(out, `,"shapes":`...), d.shapes...)
	}
	return append(out, '}')
}

// encode returns the JSON of the DAG. It is made once, because many sagas share
// a DAG.
func (d *DAG) encode() *encodedDAG {
	d.encodeOnce.Do(func() {
		nodes := make([]nodeJSON, len(d.nodes))
		for i, n := range d.nodes {
			nodes[i] = nodeJSON{Kind: n.kind, Name: n.name, Label: n.label, Action: n.action,
				Value: n.value, Subsaga: n.subsaga, Params: n.params, After: n.parents}
			for _, in := range n.inputs {
				nodes[i].Inputs = append(nodes[i].Inputs, bindingJSON(in))
			}
		}
		d.encoded.head = fmt.Appendf(nil, `{"version":%d,"name":%s`, dagVersion, encode(d.name))
		d.encoded.nodes = append([]byte(`,"nodes":`), encode(nodes)...)
	})
	return &d.encoded
}

// encode encodes a value that consists of strings, numbers and valid JSON.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// UnmarshalJSON implements json.Unmarshaler. It returns an error unless the
// text is a DAG that a DAGBuilder could have built.
func (d *SagaDAG) UnmarshalJSON(text []byte) error {
	var in dagJSON
	if err := unmarshalCompact(text, &in); err != nil {
		return fmt.Errorf("saga DAG: %w", err)
	}
	if in.Version != dagVersion {
		return fmt.Errorf("saga DAG: version %d is unknown, want %d: another version of this package wrote it",
			in.Version, dagVersion)
	}
	dag := &DAG{name: in.Name, nodes: make([]dagNode, len(in.Nodes))}
	for i, n := range in.Nodes {
		dag.nodes[i] = dagNode{kind: n.Kind, name: n.Name, label: n.Label, action: n.Action,
			value: n.Value, subsaga: n.Subsaga, params: n.Params, parents: n.After}
		for _, b := range n.Inputs {
			dag.nodes[i].inputs = append(dag.nodes[i].inputs, Binding(b))
		}
	}
	if err := dag.check(); err != nil {
		return fmt.Errorf("saga DAG %q: %w", in.Name, err)
	}
	d.DAG, d.params, d.shapes = dag, in.Params, in.Shapes.encode()
	if len(d.params) == 0 {
		d.params = json.RawMessage("null")
	}
	return nil
}

// Equal reports whether both have the same DAG and the same parameters.
func (d *SagaDAG) Equal(other *SagaDAG) bool {
	if d == nil || other == nil || d.DAG == nil || other.DAG == nil {
		return false
	}
	return d.name == other.name && bytes.Equal(d.params, other.params) &&
		(d.DAG == other.DAG || bytes.Equal(d.encode().nodes, other.encode().nodes))
}

// check validates a decoded DAG and computes the remaining fields of its nodes.
func (d *DAG) check() error {
	if len(d.nodes) < 3 {
		return errBadOutput
	}
	if err := validName(d.name); err != nil {
		return fmt.Errorf("%w: %w", errBadName, err)
	}
	for i := range d.nodes {
		if err := d.nodes[i].check(); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	if err := d.index(); err != nil {
		return err
	}
	for i := range d.nodes {
		if len(d.nodes[i].children) == 0 && d.nodes[i].kind != engine.KindEnd {
			return fmt.Errorf("node %d: %w", i, errBadOutput)
		}
	}
	return d.checkSources()
}

// check validates a decoded node. It must have the fields of its kind, and no
// others.
func (n *dagNode) check() error {
	want := dagNode{kind: n.kind, parents: n.parents}
	var err error
	switch n.kind {
	case engine.KindAction:
		want.name, want.label, want.action, want.inputs = n.name, n.label, n.action, n.inputs
		err = (&Node{kind: n.kind, name: n.name, label: n.label, action: n.action, inputs: n.inputs}).check()
	case engine.KindConstant:
		want.name, want.value = n.name, n.value
		err = (&Node{kind: n.kind, name: n.name}).check()
		if err == nil && n.value == nil {
			err = fmt.Errorf("%w: the constant has no value", errBadNode)
		}
	case engine.KindSubsagaStart:
		want.subsaga, want.params = n.subsaga, n.params
		if bad := validName(n.subsaga); bad != nil {
			err = fmt.Errorf("%w: subsaga: %w", errBadName, bad)
		}
	case engine.KindSubsagaEnd:
		want.name = n.name
		if bad := validName(n.name); bad != nil {
			err = fmt.Errorf("%w: %w", errBadName, bad)
		}
	}
	if err == nil && !reflect.DeepEqual(&want, n) {
		err = fmt.Errorf("%w: it has fields that a node of kind %s doesn't have", errBadNode, n.kind)
	}
	return err
}

// unmarshalCompact decodes JSON. Any json.RawMessages in v are in the form of
// json.Marshal, however the text was formatted, because they are compared and
// displayed.
func unmarshalCompact(text []byte, v any) error {
	text, err := compact(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// compact returns JSON in the form of json.Marshal. It returns an error if the
// text is not one JSON value.
func compact(text []byte) ([]byte, error) {
	var compact, escaped bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	json.HTMLEscape(&escaped, compact.Bytes())
	return escaped.Bytes(), nil
}
