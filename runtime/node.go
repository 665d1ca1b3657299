package saga

import (
	"encoding/json"
	"fmt"
)

// Node describes a node that is to be added to a DAG. ActionNode, ConstantNode and
// SubsagaNode make one; a mistake in it is told by DAGBuilder.Build.
type Node struct {
	name NodeName
	kind NodeKind
	err  error

	// of an action
	label  string
	action ActionName
	inputs []Binding

	// of a constant
	value json.RawMessage

	// of a subsaga
	dag        *DAG
	paramsFrom NodeName
}

// Binding says where one input of an action comes from.
type Binding struct {
	// Input is the input's name, in the action.
	Input string
	// From is the node whose output the input gets, or FromParams.
	From NodeName
}

// Bind binds an input of an action to the output of the node from, which must be an
// ancestor in the same DAG, or with FromParams to the saga's parameters.
func Bind(input string, from NodeName) Binding { return Binding{Input: input, From: from} }

// ActionNode returns a node that runs an action and has that action's output. The label is
// for people; several nodes may have the same. An input of the action that no binding names
// comes from the ancestor that is named as the input is.
func ActionNode(name NodeName, label string, action ActionName, inputs ...Binding) Node {
	return Node{name: name, kind: KindAction, label: label, action: action, inputs: inputs}
}

// ConstantNode returns a node whose output is the value, encoded as JSON now.
func ConstantNode(name NodeName, value any) Node {
	n := Node{name: name, kind: KindConstant}
	n.value, n.err = encodeData(value)
	if n.err != nil {
		n.err = fmt.Errorf("constant value: %w", n.err)
	}
	return n
}

// SubsagaNode returns a node that runs another DAG inside this one and has that DAG's
// output. The parameters of the inner saga are the output of the node paramsFrom, an ancestor.
// Of the inner saga only its output can be seen from outside, and from inside only its
// own nodes and parameters.
func SubsagaNode(name NodeName, dag *DAG, paramsFrom NodeName) Node {
	return Node{name: name, kind: KindSubsaga, dag: dag, paramsFrom: paramsFrom}
}

// NodeKind says what a node does.
type NodeKind uint8

// The kinds of nodes. Those below KindAction are structural: they take no time, cost no
// writes, and their state follows from that of their neighbours.
const (
	// KindStart is the one node that all others run after. It has no name.
	KindStart NodeKind = iota
	// KindEnd is the one node that runs after all others. It has no name.
	KindEnd
	// KindConstant has a constant output.
	KindConstant
	// KindSubsagaStart begins the nodes of a subsaga. It has no name.
	KindSubsagaStart
	// KindSubsagaEnd ends them. It has the subsaga's name and output.
	KindSubsagaEnd
	// KindAction runs an action.
	KindAction
	// KindSubsaga is what SubsagaNode makes; in a DAG it has become a KindSubsagaStart, the
	// inner nodes, and a KindSubsagaEnd.
	KindSubsaga
)

var nodeKindNames = [...]string{
	KindStart:        "start",
	KindEnd:          "end",
	KindConstant:     "constant",
	KindSubsagaStart: "subsaga_start",
	KindSubsagaEnd:   "subsaga_end",
	KindAction:       "action",
	KindSubsaga:      "subsaga",
}

// String returns the kind's name, as in "subsaga_start".
func (k NodeKind) String() string {
	if int(k) < len(nodeKindNames) {
		return nodeKindNames[k]
	}
	return fmt.Sprintf("node kind %d", uint8(k))
}

// MarshalText implements encoding.TextMarshaler with the kind's name.
func (k NodeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler for the kind's name.
func (k *NodeKind) UnmarshalText(text []byte) error {
	for kind, name := range nodeKindNames {
		if name == string(text) {
			*k = NodeKind(kind)
			return nil
		}
	}
	return fmt.Errorf("node kind %q is unknown", text)
}
