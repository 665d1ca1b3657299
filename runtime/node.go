package saga

import (
	"encoding/json"
	"fmt"

	"github.com/sagagen/sagagen/runtime/engine"
)

// Node describes a node to be added to a DAGBuilder. ActionNode, ConstantNode
// and SubsagaNode make one. DAGBuilder.Build reports a mistake in it.
type Node struct {
	name NodeName
	kind engine.NodeKind
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
	return Node{name: name, kind: engine.KindAction, label: label, action: action, inputs: inputs}
}

// ConstantNode returns a node whose output is value. The value is encoded as
// JSON immediately.
func ConstantNode(name NodeName, value any) Node {
	n := Node{name: name, kind: engine.KindConstant}
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
	return Node{name: name, kind: engine.KindSubsaga, dag: dag, paramsFrom: paramsFrom}
}
