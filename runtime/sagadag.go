package saga

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// SagaDAG is a DAG with the parameters that one saga runs it with: what is stored when a
// saga is created, and never changes.
//
// Its JSON has a version and is an object of this form, in which the order of the nodes is
// that of their indices, and "after" holds the indices of the nodes that one runs after:
//
//	{"version":1,
//	 "name":"book-trip",
//	 "params":{"Hotel":"Ritz"},
//	 "nodes":[
//	   {"kind":"start"},
//	   {"kind":"action","name":"payment","label":"ChargeCreditCard","action":"trip.payment",
//	    "inputs":[{"input":"trip","from":"$params"}],"after":[0]},
//	   {"kind":"constant","name":"size","value":1,"after":[1]},
//	   {"kind":"subsaga_start","subsaga":"alloc","params":"size","after":[2]},
//	   {"kind":"action","name":"pick","label":"pick","action":"alloc.pick","after":[3]},
//	   {"kind":"subsaga_end","name":"server","after":[4]},
//	   {"kind":"end","after":[5]}],
//	 "shapes":{
//	   "trip.payment":{"inputs":{"trip":"{\"Hotel\":string}"},"output":"{\"Number\":string}"}}}
//
// Stores keep the parameters apart, without which the JSON is the same for many sagas; see Parts.
//
// The shapes are those that the actions had when the saga was created, as far as they were known; see
// Registry.Stamp. They are left out if none was. They say how to read the data of the saga, and
// are no part of what it is: Equal doesn't look at them.
type SagaDAG struct {
	*DAG
	params json.RawMessage
	shapes json.RawMessage // nil if none is known; it is what encodeShape makes
}

var errNoDAG = errors.New("saga has no DAG")

// NewSagaDAG returns the DAG with parameters, which it encodes as JSON now.
func NewSagaDAG(dag *DAG, params any) (*SagaDAG, error) {
	if dag == nil || len(dag.nodes) == 0 { // made by nobody
		return nil, errNoDAG
	}
	encoded, err := encodeData(params)
	if err != nil {
		return nil, fmt.Errorf("saga %q: parameters: %w", dag.name, err)
	}
	return &SagaDAG{DAG: dag, params: encoded}, nil
}

// Params returns the parameters, as JSON. The caller doesn't change them.
func (d *SagaDAG) Params() json.RawMessage { return d.params }

// dagVersion is the version of the JSON that is written, and the only one that is read.
const dagVersion = 1

type dagJSON struct {
	Version int             `json:"version"`
	Name    Name            `json:"name"`
	Params  json.RawMessage `json:"params"`
	Nodes   []nodeJSON      `json:"nodes"`
	Shapes  actionShapes    `json:"shapes"`

	Undecodable string `json:"undecodable"`
}

// UndecodableDAG returns what a store gives in place of a DAG that it can't decode. Whoever takes it for the JSON of a SagaDAG gets
// the reason as the error; so a coordinator parks the saga with it.
func UndecodableDAG(reason error) []byte {
	return encode(map[string]string{"undecodable": reason.Error()})
}

type nodeJSON struct {
	Kind    NodeKind        `json:"kind"`
	Name    NodeName        `json:"name,omitempty"`
	Label   string          `json:"label,omitempty"`
	Action  ActionName      `json:"action,omitempty"`
	Inputs  []bindingJSON   `json:"inputs,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"`
	Subsaga Name            `json:"subsaga,omitempty"`
	Params  NodeName        `json:"params,omitempty"`
	After   []NodeID        `json:"after,omitempty"`
}

type bindingJSON struct {
	Input string   `json:"input"`
	From  NodeName `json:"from"`
}

// encodedDAG is the JSON of a DAG in two pieces, between which that of a SagaDAG has the parameters.
type encodedDAG struct{ head, nodes []byte }

// stampedParts is the JSON of a SagaDAG with these shapes and without parameters.
type stampedParts struct{ shapes, dag []byte }

// MarshalJSON implements json.Marshaler. Equal DAGs with equal parameters and shapes give equal bytes.
func (d *SagaDAG) MarshalJSON() ([]byte, error) {
	if d.DAG == nil {
		return nil, errNoDAG
	}
	return d.jsonWith(d.params), nil
}

// Parts returns d as stores keep it: the JSON without the parameters, which is the same for all sagas that have the DAG and are stamped
// alike, and the parameters. DAGCache.Decode puts them together again. The caller changes neither.
func (d *SagaDAG) Parts() (dag, params []byte, err error) {
	if d.DAG == nil {
		return nil, nil, errNoDAG
	}
	p := d.parts.Load()
	if p == nil || !bytes.Equal(p.shapes, d.shapes) {
		p = &stampedParts{shapes: d.shapes, dag: d.jsonWith(nil)}
		d.parts.Store(p)
	}
	return p.dag, d.params, nil
}

// jsonWith returns the JSON of d with those parameters in place of its own, or with none if they are nil.
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

// encode returns the JSON, which is made once: many sagas have the same DAG.
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

// encode encodes what consists of texts, numbers and valid JSON.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// UnmarshalJSON implements json.Unmarshaler. It returns an error unless the text is a DAG
// that a DAGBuilder could have built.
func (d *SagaDAG) UnmarshalJSON(text []byte) error {
	var in dagJSON
	if err := unmarshalCompact(text, &in); err != nil {
		return fmt.Errorf("saga DAG: %w", err)
	}
	if in.Undecodable != "" {
		return fmt.Errorf("saga DAG: %s", in.Undecodable)
	}
	if in.Version != dagVersion {
		return fmt.Errorf("saga DAG: version %d is not known, want %d: it was written by another version of this package", in.Version, dagVersion)
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

// Equal reports whether both are the same DAG with the same parameters.
func (d *SagaDAG) Equal(other *SagaDAG) bool {
	if d == nil || other == nil || d.DAG == nil || other.DAG == nil {
		return false
	}
	return d.name == other.name && bytes.Equal(d.params, other.params) &&
		(d.DAG == other.DAG || bytes.Equal(d.encode().nodes, other.encode().nodes))
}

// check checks a DAG that was read, and derives the rest of it.
func (d *DAG) check() error {
	if len(d.nodes) < 3 {
		return ErrBadOutput
	}
	if err := validName(d.name); err != nil {
		return fmt.Errorf("%w: %w", ErrBadName, err)
	}
	for i := range d.nodes {
		if err := d.nodes[i].check(); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	if err := d.derive(); err != nil {
		return err
	}
	for i := range d.nodes {
		if len(d.nodes[i].children) == 0 && d.nodes[i].kind != KindEnd {
			return fmt.Errorf("node %d: %w", i, ErrBadOutput)
		}
	}
	return d.checkSources()
}

// check checks that a node that was read has what its kind has, and nothing else.
func (n *dagNode) check() error {
	want := dagNode{kind: n.kind, parents: n.parents}
	var err error
	switch n.kind {
	case KindAction:
		want.name, want.label, want.action, want.inputs = n.name, n.label, n.action, n.inputs
		err = (&Node{kind: n.kind, name: n.name, label: n.label, action: n.action, inputs: n.inputs}).check()
	case KindConstant:
		want.name, want.value = n.name, n.value
		err = (&Node{kind: n.kind, name: n.name}).check()
		if err == nil && n.value == nil {
			err = fmt.Errorf("%w: the constant has no value", ErrBadNode)
		}
	case KindSubsagaStart:
		want.subsaga, want.params = n.subsaga, n.params
		if bad := validName(n.subsaga); bad != nil {
			err = fmt.Errorf("%w: subsaga: %w", ErrBadName, bad)
		}
	case KindSubsagaEnd:
		want.name = n.name
		if bad := validName(n.name); bad != nil {
			err = fmt.Errorf("%w: %w", ErrBadName, bad)
		}
	}
	if err == nil && !reflect.DeepEqual(&want, n) {
		err = fmt.Errorf("%w: it has what a node of kind %s doesn't have", ErrBadNode, n.kind)
	}
	return err
}

// unmarshalCompact decodes JSON so that the json.RawMessages in it are as json.Marshal would have written them, whoever
// wrote the text: they are compared, and shown to people.
func unmarshalCompact(text []byte, v any) error {
	text, err := compact(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// compact returns JSON as json.Marshal would have written it, or an error if it isn't one JSON value.
func compact(text []byte) ([]byte, error) {
	var compact, escaped bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	json.HTMLEscape(&escaped, compact.Bytes())
	return escaped.Bytes(), nil
}
