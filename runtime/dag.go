package saga

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sagagen/sagagen/runtime/engine"
)

// DAG is a directed acyclic graph of nodes. DAGBuilder builds it. A DAG is
// immutable and safe for concurrent use.
type DAG struct {
	name  Name
	nodes []dagNode
	paths map[NodePath]engine.NodeID

	encodeOnce sync.Once
	encoded    encodedDAG // set by encodeOnce

	shapeCache atomic.Pointer[registryShapes] // the latest result of Registry.shapes
	partsCache atomic.Pointer[encodedParts]   // the latest result of SagaDAG.Parts, without parameters
}

// dagNode is one node of the flattened graph.
type dagNode struct {
	kind    engine.NodeKind
	name    NodeName
	label   string
	action  ActionName
	inputs  []Binding
	value   json.RawMessage
	subsaga Name     // of a subsaga_start: the name of the inner DAG
	params  NodeName // of a subsaga_start: the node outside whose output is the parameters

	parents []engine.NodeID // in the order of the builder's calls

	// The fields below are computed from those above; see DAG.index.

	children []engine.NodeID // ascending
	scope    engine.NodeID   // the start or subsaga_start of the node's name space
	closing  engine.NodeID   // of a subsaga_start: its subsaga_end; and vice versa
	path     NodePath        // empty for a node without a name
	allBelow engine.NodeID   // all nodes of the name space with lower indices are ancestors
}

// Name returns the name of the DAG.
func (d *DAG) Name() Name { return d.name }

// Len returns the number of nodes, including the structural ones.
func (d *DAG) Len() int { return len(d.nodes) }

// Start returns the start node. All other nodes run after it.
func (d *DAG) Start() engine.NodeID { return 0 }

// End returns the end node. It runs after all other nodes.
func (d *DAG) End() engine.NodeID { return engine.NodeID(len(d.nodes) - 1) }

// Output returns the node whose output is the output of the saga.
func (d *DAG) Output() engine.NodeID { return d.nodes[d.End()].parents[0] }

// Contains reports whether the DAG has a node with that index. Methods that
// take a NodeID panic if the DAG doesn't contain it.
func (d *DAG) Contains(id engine.NodeID) bool { return id >= 0 && int(id) < len(d.nodes) }

// Kind returns the kind of the node.
func (d *DAG) Kind(id engine.NodeID) engine.NodeKind { return d.nodes[id].kind }

// NodeName returns the name of the node. It is empty for the start, the end,
// and the start of a subsaga.
func (d *DAG) NodeName(id engine.NodeID) NodeName { return d.nodes[id].name }

// Path returns the path of the node. It is empty for a node without a name.
func (d *DAG) Path(id engine.NodeID) NodePath { return d.nodes[id].path }

// Action returns the name of the action that the node runs. It is empty unless
// the kind is KindAction.
func (d *DAG) Action(id engine.NodeID) ActionName { return d.nodes[id].action }

// Inputs returns the bindings of the node's inputs. The caller must not change
// them.
func (d *DAG) Inputs(id engine.NodeID) []Binding { return d.nodes[id].inputs }

// Value returns the JSON output of a KindConstant.
func (d *DAG) Value(id engine.NodeID) json.RawMessage { return d.nodes[id].value }

// Parents returns the nodes directly after which the node runs. The caller must
// not change them.
func (d *DAG) Parents(id engine.NodeID) []engine.NodeID { return d.nodes[id].parents }

// Children returns the nodes that run directly after the node, ascending. The
// caller must not change them.
func (d *DAG) Children(id engine.NodeID) []engine.NodeID { return d.nodes[id].children }

// Closing returns the KindSubsagaEnd of a KindSubsagaStart, and vice versa.
func (d *DAG) Closing(id engine.NodeID) engine.NodeID { return d.nodes[id].closing }

// Label returns a description of the node for people. For an action it is the
// label that was passed to ActionNode. For others it is a text such as "(start
// node)" or "(constant = 1)".
func (d *DAG) Label(id engine.NodeID) string {
	switch n := &d.nodes[id]; n.kind {
	case engine.KindStart:
		return "(start node)"
	case engine.KindEnd:
		return "(end node)"
	case engine.KindConstant:
		return fmt.Sprintf("(constant = %s)", Redact(n.value))
	case engine.KindSubsagaStart:
		return fmt.Sprintf("(subsaga start: %q)", string(n.subsaga))
	case engine.KindSubsagaEnd:
		return "(subsaga end)"
	default:
		return n.label
	}
}

// Find returns the node with that path. If there is none, Find returns the node
// with that name at any depth, if it is unique. The error wraps ErrNodeNotFound
// and lists the nodes that exist.
func (d *DAG) Find(path NodePath) (engine.NodeID, error) {
	if id, ok := d.paths[path]; ok {
		return id, nil
	}
	var found []engine.NodeID
	for i := range d.nodes {
		if n := &d.nodes[i]; n.name != "" && string(n.name) == string(path) {
			found = append(found, engine.NodeID(i))
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

// someNames lists the paths of the first named nodes.
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

// source resolves a name to which an input of the node refers, or from which a
// subsaga that starts at the node gets its parameters. It returns the node with
// that output; for FromParams, the start of the name space.
func (d *DAG) source(id engine.NodeID, from NodeName) (engine.NodeID, error) {
	scope := d.nodes[id].scope
	if from == FromParams {
		return scope, nil
	}
	source, ok := d.paths[d.prefix(scope)+NodePath(from)]
	// A name with a slash would lead into a subsaga, whose nodes are private.
	if !ok || d.nodes[source].scope != scope || !d.isAncestor(source, id) {
		return 0, fmt.Errorf("saga %q: node %q: %w: %q", d.name, d.Path(id), ErrNotAncestor, from)
	}
	return source, nil
}

// prefix returns the prefix of all paths in a name space.
func (d *DAG) prefix(scope engine.NodeID) NodePath {
	if scope == d.Start() {
		return ""
	}
	return d.nodes[d.nodes[scope].closing].path + "/"
}

// isAncestor reports whether a path leads from a to b. Both are in the same
// name space. In a DAG of stages, allBelow answers directly. Otherwise
// isAncestor searches backward from b; indices decrease on the way, so nodes
// below a are skipped.
func (d *DAG) isAncestor(a, b engine.NodeID) bool {
	switch {
	case a >= b:
		return false
	case a < d.nodes[b].allBelow:
		return true
	}
	if slices.Contains(d.nodes[b].parents, a) {
		return true
	}
	seen := make([]bool, b-a)
	stack := []engine.NodeID{b}
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
