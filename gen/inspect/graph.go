package inspect

import (
	"go/types"
	"slices"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// Graph is a saga with its nodes and edges.
type Graph struct {
	// Package is the import path.
	Package string `json:"package"`
	Saga    string `json:"saga"`
	// Params is the type of the parameters.
	Params string `json:"params"`
	// Output is the type of the last node's output, or "" if it has none.
	Output string `json:"output,omitempty"`
	// Nodes are in topological order.
	Nodes []Node `json:"nodes"`
	// Edges are sorted by the index of their target, then of their source.
	Edges []Edge `json:"edges"`
}

// Node is a node of a saga.
type Node struct {
	Name string `json:"name"`
	// Kind is "action", "constant" or "subsaga".
	Kind string `json:"kind"`
	// Label is the label of the action, or "" if it is the name of the node or
	// of the action.
	Label string `json:"label,omitempty"`
	// Runs is the name of the action, of the Go constant, or of the saga that a
	// subsaga runs. A name in another package has the package's name in front.
	Runs string `json:"runs"`
	// Params are the inputs that receive the saga's parameters.
	Params []Data `json:"params,omitempty"`
	// Output is the type of the output, or "" if there is none.
	Output string `json:"output,omitempty"`
	// Do and Undo are the functions of an action. Undo is nil for noundo.
	Do   *Func `json:"do,omitempty"`
	Undo *Func `json:"undo,omitempty"`
}

// Edge connects a node to a node that runs after it.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Order says that To runs directly after From. Other edges exist only for
	// their data; their order follows from other edges.
	Order bool `json:"order"`
	// Data are the inputs of To that receive the output of From. The parameters
	// of a subsaga have the name "params".
	Data []Data `json:"data,omitempty"`
}

// Graphs returns the graphs of all sagas in the order of the packages. In a
// package, sagas are sorted by name.
func Graphs(packages []*model.Package) []*Graph {
	graphs := []*Graph{}
	for _, p := range packages {
		for _, s := range p.Sagas {
			graphs = append(graphs, newGraph(p, s))
		}
	}
	return graphs
}

func newGraph(p *model.Package, s *model.Saga) *Graph {
	q := qualify(p)
	g := &Graph{
		Package: p.Path, Saga: s.Name, Params: typeOf(s.Params.Type(), q), Output: typeOf(s.Output, q),
		Nodes: []Node{}, Edges: []Edge{},
	}
	for _, n := range s.Nodes {
		node := newNode(n, q)
		for _, b := range n.Bindings {
			if b.From == nil {
				node.Params = append(node.Params, newInput(n.Action, b.Input, q))
			}
		}
		g.Nodes = append(g.Nodes, node)
		for _, from := range s.Nodes {
			e := Edge{From: from.Name, To: n.Name, Order: slices.Contains(n.After, from)}
			for _, b := range n.Bindings {
				if b.From == from {
					e.Data = append(e.Data, newInput(n.Action, b.Input, q))
				}
			}
			if n.Kind == model.NodeSubsaga && n.ParamsFrom == from {
				e.Data = append(e.Data, Data{Name: "params", Type: typeOf(from.Output, q)})
			}
			if e.Order || len(e.Data) > 0 {
				g.Edges = append(g.Edges, e)
			}
		}
	}
	return g
}

func newNode(n *model.Node, q types.Qualifier) Node {
	node := Node{Name: n.Name, Output: typeOf(n.Output, q)}
	switch n.Kind {
	case model.NodeConstant:
		node.Kind, node.Runs = "constant", n.Constant.Name()
		if pkg := q(n.Constant.Pkg()); pkg != "" {
			node.Runs = pkg + "." + node.Runs
		}
	case model.NodeSubsaga:
		node.Kind, node.Runs = "subsaga", qualifiedName(n.Subsaga.PackageName, n.Subsaga.Name)
	default:
		a := n.Action
		node.Kind, node.Runs = "action", qualifiedName(a.PackageName, a.Name)
		node.Do, node.Undo = newFunc(a.Do, q), newFunc(a.Undo, q)
		if a.Label != a.Name && a.Label != n.Name {
			node.Label = a.Label
		}
	}
	return node
}

// qualifiedName puts the name of a package in front of a name.
func qualifiedName(pkg, name string) string {
	if pkg == "" {
		return name
	}
	return pkg + "." + name
}

func newInput(a *model.Action, in *model.Input, q types.Qualifier) Data {
	takes := func(arg model.Arg) bool { return arg.Input == in }
	return Data{Name: in.Name, Type: typeOf(in.Type, q), UndoOnly: !slices.ContainsFunc(a.Do.Args, takes)}
}

// alias describes what a node runs, if its name doesn't say it.
func (n *Node) alias() string {
	switch {
	case n.Kind != "action":
		return n.Kind + " " + n.Runs
	case n.Runs != n.Name:
		return "action " + n.Runs
	}
	return ""
}

// undo describes the undo of an action. The function name returns its name.
func (n *Node) undo(name func(*Func) string) []string {
	if n.Undo == nil {
		return []string{"none"}
	}
	words := []string{name(n.Undo)}
	if n.Undo.Unknown {
		words = append(words, "also on unknown outcome")
	}
	return append(words, n.Undo.policy()...)
}
