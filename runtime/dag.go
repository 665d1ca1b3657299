package saga

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// NodeID is the index of a node in its DAG: the start node's is 0, the end node's is the
// highest, and every edge leads from a lower to a higher one.
type NodeID int

// DAG is a directed acyclic graph of nodes, as a DAGBuilder built it. It doesn't change
// and may be used by several goroutines.
type DAG struct {
	name  Name
	nodes []dagNode
	paths map[NodePath]NodeID

	encodeOnce sync.Once
	encoded    encodedDAG // what encodeOnce sets

	stamp atomic.Pointer[stamp]        // what Registry.Stamp returned last
	parts atomic.Pointer[stampedParts] // what SagaDAG.Parts returned last, without parameters
}

// dagNode is one node of the flattened graph.
type dagNode struct {
	kind    NodeKind
	name    NodeName
	label   string
	action  ActionName
	inputs  []Binding
	value   json.RawMessage
	subsaga Name     // of a subsaga_start: the inner saga's name
	params  NodeName // of a subsaga_start: the node in the outer saga that gives the parameters

	parents []NodeID // in the order in which they were given

	// What follows from the above; see DAG.derive.
	children []NodeID // ascending
	scope    NodeID   // the start or subsaga_start whose name space the node lives in
	closing  NodeID   // of a subsaga_start: its subsaga_end, and the other way round
	path     NodePath // empty for a node without a name
	floor    NodeID   // all nodes of the name space with lower indices are ancestors
}

// Name returns the name that the DAG was built with.
func (d *DAG) Name() Name { return d.name }

// Len returns the number of nodes, structural ones included.
func (d *DAG) Len() int { return len(d.nodes) }

// Start returns the start node, which all others run after.
func (d *DAG) Start() NodeID { return 0 }

// End returns the end node, which runs after all others.
func (d *DAG) End() NodeID { return NodeID(len(d.nodes) - 1) }

// Output returns the node whose output is the saga's.
func (d *DAG) Output() NodeID { return d.nodes[d.End()].parents[0] }

// Contains reports whether the DAG has a node of that index.
func (d *DAG) Contains(id NodeID) bool { return id >= 0 && int(id) < len(d.nodes) }

// Kind returns what the node does.
func (d *DAG) Kind(id NodeID) NodeKind { return d.nodes[id].kind }

// NodeName returns the node's name, which is empty for a start, an end and a subsaga's start.
func (d *DAG) NodeName(id NodeID) NodeName { return d.nodes[id].name }

// Path returns the node's name in the whole saga, which is empty if it has none.
func (d *DAG) Path(id NodeID) NodePath { return d.nodes[id].path }

// Action returns the name of the action that the node runs, which is empty unless its kind is KindAction.
func (d *DAG) Action(id NodeID) ActionName { return d.nodes[id].action }

// Inputs returns the bindings of the node's inputs. The caller doesn't change them.
func (d *DAG) Inputs(id NodeID) []Binding { return d.nodes[id].inputs }

// Value returns the output of a KindConstant.
func (d *DAG) Value(id NodeID) json.RawMessage { return d.nodes[id].value }

// Parents returns the nodes that the node runs directly after. The caller doesn't change them.
func (d *DAG) Parents(id NodeID) []NodeID { return d.nodes[id].parents }

// Children returns the nodes that run directly after the node. The caller doesn't change them.
func (d *DAG) Children(id NodeID) []NodeID { return d.nodes[id].children }

// Closing returns the KindSubsagaEnd of a KindSubsagaStart, and the other way round.
func (d *DAG) Closing(id NodeID) NodeID { return d.nodes[id].closing }

// Label returns what a node is called for people. That of an action was given with it; the
// others are as "(start node)" or "(constant = 1)".
func (d *DAG) Label(id NodeID) string {
	switch n := &d.nodes[id]; n.kind {
	case KindStart:
		return "(start node)"
	case KindEnd:
		return "(end node)"
	case KindConstant:
		return fmt.Sprintf("(constant = %s)", Redact(n.value))
	case KindSubsagaStart:
		return fmt.Sprintf("(subsaga start: %q)", string(n.subsaga))
	case KindSubsagaEnd:
		return "(subsaga end)"
	default:
		return n.label
	}
}

// Find returns the node of that path, or, if no node has that path, the only node
// of that name at any depth. The error says which names there are.
func (d *DAG) Find(path NodePath) (NodeID, error) {
	if id, ok := d.paths[path]; ok {
		return id, nil
	}
	var found []NodeID
	for i := range d.nodes {
		if n := &d.nodes[i]; n.name != "" && string(n.name) == string(path) {
			found = append(found, NodeID(i))
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fmt.Errorf("saga %q: %w: %q; there are %s", d.name, ErrNodeNotFound, path, d.someNames())
	}
	return 0, fmt.Errorf("saga %q: %w: %q could be %q or %q; give the whole path",
		d.name, ErrNodeNotFound, path, d.Path(found[0]), d.Path(found[1]))
}

// someNames lists the paths of the named nodes, the first few of them.
func (d *DAG) someNames() string {
	const most = 10
	var names []string
	for i := range d.nodes {
		if p := d.nodes[i].path; p != "" {
			names = append(names, fmt.Sprintf("%q", p))
		}
	}
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	return join(names)
}

// source resolves a name that an input of the node, or a subsaga that starts at it, refers
// to. It returns the node whose output that is, or the start of the name space if
// the parameters are meant.
func (d *DAG) source(id NodeID, from NodeName) (NodeID, error) {
	scope := d.nodes[id].scope
	if from == FromParams {
		return scope, nil
	}
	source, ok := d.paths[d.prefix(scope)+NodePath(from)]
	// A name with a slash would lead into a subsaga, whose nodes can't be seen from outside.
	if !ok || d.nodes[source].scope != scope || !d.isAncestor(source, id) {
		return 0, fmt.Errorf("saga %q: node %q: %w: %q", d.name, d.Path(id), ErrNotAncestor, from)
	}
	return source, nil
}

// prefix returns what the paths of the nodes of a name space begin with.
func (d *DAG) prefix(scope NodeID) NodePath {
	if scope == d.Start() {
		return ""
	}
	return d.nodes[d.nodes[scope].closing].path + "/"
}

// isAncestor reports whether a path leads from a to b, which are in the same name space. Where nodes stand in stages, it is
// enough to look at b. Else, as indices only grow along a path, no node below a is looked at.
func (d *DAG) isAncestor(a, b NodeID) bool {
	switch {
	case a >= b:
		return false
	case a < d.nodes[b].floor:
		return true
	}
	if slices.Contains(d.nodes[b].parents, a) {
		return true
	}
	seen := make([]bool, b-a)
	stack := []NodeID{b}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range d.nodes[n].parents {
			if p == a {
				return true
			}
			if p > a && !seen[p-a] {
				seen[p-a] = true
				stack = append(stack, p)
			}
		}
	}
	return false
}
