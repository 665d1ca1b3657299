package attempt

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Inputs is what one call of an action can read of its saga, apart from the
// whole DAG and all outputs. It has no references, so an engine can encode it
// as JSON and make the call in another process.
//
// It holds what the bindings of the node name, and also what the function may
// look up: the outputs of all ancestors in the name space of the node. It
// contains the values of secrets.
type Inputs struct {
	Saga   saga.Name       `json:"saga"`
	Node   saga.NodePath   `json:"node"`
	Label  string          `json:"label,omitempty"`
	Action saga.ActionName `json:"action"`
	// Bindings says which output, or saga.FromParams, an input comes from.
	Bindings map[string]saga.NodeName `json:"bindings,omitempty"`
	// Params are the parameters of the saga; inside a subsaga, those of the
	// subsaga.
	Params json.RawMessage `json:"params"`
	// Outputs are the outputs of the ancestors.
	Outputs map[saga.NodeName]json.RawMessage `json:"outputs,omitempty"`
	// Output is the output of the node itself, or nil if it is unknown.
	Output json.RawMessage `json:"output,omitempty"`
}

// NewInputs returns what a call at an action node can read, given the outputs
// of the nodes, indexed by NodeID. The cost is proportional to the number of
// ancestors and the edges between them, so shipping all calls of a chain takes
// quadratic space. The result shares the memory of outputs.
func NewInputs(dag *saga.SagaDAG, node engine.NodeID, outputs []json.RawMessage) (*Inputs, error) {
	call := (&saga.Call{DAG: dag, Node: node, Outputs: outputs}).Context(context.Background())
	params, err := call.RawParams()
	if err != nil {
		return nil, err
	}
	in := &Inputs{
		Saga: dag.Name(), Node: dag.Path(node), Label: dag.Label(node), Action: dag.Action(node),
		Params: params, Output: outputs[node],
	}
	for _, b := range dag.Inputs(node) {
		if in.Bindings == nil {
			in.Bindings = map[string]saga.NodeName{}
		}
		in.Bindings[b.Input] = b.From
	}
	in.addAncestors(dag, node, outputs)
	return in, nil
}

// addAncestors sets Outputs. It walks from the node against the edges, across
// subsagas and without looking inside, up to the start of the name space.
func (in *Inputs) addAncestors(dag *saga.SagaDAG, node engine.NodeID, outputs []json.RawMessage) {
	visited := map[engine.NodeID]bool{}
	open := []engine.NodeID{node}
	for len(open) > 0 {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		for _, p := range dag.Parents(last) {
			kind := dag.Kind(p)
			if visited[p] || kind == engine.KindStart || kind == engine.KindSubsagaStart {
				continue
			}
			visited[p] = true
			if in.Outputs == nil {
				in.Outputs = map[saga.NodeName]json.RawMessage{}
			}
			output := outputs[p]
			if kind == engine.KindConstant {
				output = dag.Value(p)
			}
			in.Outputs[dag.NodeName(p)] = output
			if kind == engine.KindSubsagaEnd {
				p = dag.Closing(p)
			}
			open = append(open, p)
		}
	}
}

// Call returns a call that reads in. The caller has to set the other fields:
// ID, Direction, Attempt, Recovered, App and Logger. All that a function can
// ask its saga.ActionContext has the same result as for a call with the whole
// saga.
//
// The call has a small DAG, in which the ancestors run side by side before the
// node. It returns an error if in is not the result of NewInputs.
func (in *Inputs) Call() (*saga.Call, error) {
	dag, err := in.dag()
	if err != nil {
		return nil, fmt.Errorf("inputs of node %q: %w", in.Node, err)
	}
	node, err := dag.Find(in.Node)
	if err != nil {
		return nil, fmt.Errorf("inputs of node %q: %w", in.Node, err)
	}
	outputs := make([]json.RawMessage, dag.Len())
	for id := range node {
		if name := dag.NodeName(id); name != "" {
			outputs[id] = in.Outputs[name]
		}
	}
	return &saga.Call{DAG: dag, Node: node, Outputs: outputs, Output: in.Output}, nil
}

// dag returns a DAG with the node at its path and its ancestors before it. The
// ancestors are action nodes too, because only those have outputs that are not
// part of the DAG. The enclosing subsagas pass the parameters on to the node.
func (in *Inputs) dag() (*saga.SagaDAG, error) {
	names := strings.Split(string(in.Node), "/")
	last := len(names) - 1
	b := saga.NewDAGBuilder(in.Saga)
	if len(in.Outputs) > 0 {
		ancestors := make([]saga.Node, 0, len(in.Outputs))
		for name := range in.Outputs {
			ancestors = append(ancestors, saga.ActionNode(name, "", in.Action))
		}
		b.AppendParallel(ancestors...)
	}
	bindings := make([]saga.Binding, 0, len(in.Bindings))
	for input, from := range in.Bindings {
		bindings = append(bindings, saga.Bind(input, from))
	}
	b.Append(saga.ActionNode(saga.NodeName(names[last]), in.Label, in.Action, bindings...))
	for i := last - 1; i >= 0; i-- {
		dag, err := b.Build()
		if err != nil {
			return nil, err
		}
		b = saga.NewDAGBuilder(in.Saga).Append(saga.SubsagaNode(saga.NodeName(names[i]), dag, saga.FromParams))
	}
	dag, err := b.Build()
	if err != nil {
		return nil, err
	}
	return saga.NewSagaDAG(dag, in.Params)
}
