package saga

import (
	"encoding/json"
	"fmt"
)

// Node describes a node to be added to a DAGBuilder. ActionNode, ConstantNode
// and SubsagaNode make one. DAGBuilder.Build reports a mistake in it.
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

// Binding says where an input of an action comes from.
type Binding struct {
	// Input is the name of the action's input.
	Input string
	// From is the node whose output the input gets, or FromParams.
	From NodeName
}

// Bind binds an input of an action to the output of the node from. That node
// must be an ancestor in the same DAG. With FromParams, Bind binds the input to
// the parameters of the saga.
func Bind(input string, from NodeName) Binding { return Binding{Input: input, From: from} }

// ActionNode returns a node that runs the action and has its output. The label
// is a description for people; it needn't be unique. An input without a binding
// comes from the ancestor with the name of the input.
func ActionNode(name NodeName, label string, action ActionName, inputs ...Binding) Node {
	return Node{name: name, kind: KindAction, label: label, action: action, inputs: inputs}
}

// ConstantNode returns a node whose output is value. The value is encoded as
// JSON immediately.
func ConstantNode(name NodeName, value any) Node {
	n := Node{name: name, kind: KindConstant}
	n.value, n.err = encodeData(value)
	if n.err != nil {
		n.err = fmt.Errorf("constant value: %w", n.err)
	}
	return n
}

// SubsagaNode returns a node that runs another DAG inside this one and has its
// output. The parameters of the subsaga are the output of the node paramsFrom,
// which must be an ancestor, or FromParams. Nodes outside see only the output
// of the subsaga. Nodes inside see only each other and the parameters of the
// subsaga.
func SubsagaNode(name NodeName, dag *DAG, paramsFrom NodeName) Node {
	return Node{name: name, kind: KindSubsaga, dag: dag, paramsFrom: paramsFrom}
}

// NodeKind is the kind of a node.
type NodeKind uint8

// The kinds of nodes. Those before KindAction are structural: they take no
// time, write no events, and their states follow from those of their neighbors.
const (
	// KindStart is the one node before all others. It has no name.
	KindStart NodeKind = iota
	// KindEnd is the one node after all others. It has no name.
	KindEnd
	// KindConstant has a constant output.
	KindConstant
	// KindSubsagaStart precedes the nodes of a subsaga. It has no name.
	KindSubsagaStart
	// KindSubsagaEnd follows the nodes of a subsaga. It has the name and the
	// output of the subsaga.
	KindSubsagaEnd
	// KindAction runs an action.
	KindAction
	// KindSubsaga is the kind of a SubsagaNode. A DAG has no such nodes: the
	// builder replaces each by a KindSubsagaStart, the nodes of the subsaga,
	// and a KindSubsagaEnd.
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

// String returns the name of the kind, as in "subsaga_start".
func (k NodeKind) String() string {
	if int(k) < len(nodeKindNames) {
		return nodeKindNames[k]
	}
	return fmt.Sprintf("node kind %d", uint8(k))
}

// MarshalText implements encoding.TextMarshaler. It returns the name of the
// kind.
func (k NodeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It parses the name of a
// kind.
func (k *NodeKind) UnmarshalText(text []byte) error {
	for kind, name := range nodeKindNames {
		if name == string(text) {
			*k = NodeKind(kind)
			return nil
		}
	}
	return fmt.Errorf("node kind %q is unknown", text)
}
