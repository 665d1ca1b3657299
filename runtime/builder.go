package saga

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/runtime/engine"
)

// DAGBuilder builds a DAG node by node. Its methods return the builder, so
// calls can be chained. Build returns the first mistake. A DAGBuilder is not
// safe for concurrent use.
//
//	dag, err := saga.NewDAGBuilder("book-trip").
//		Append(saga.ActionNode("payment", "ChargeCard", "trip.payment")).
//		AppendParallel(
//			saga.ActionNode("hotel", "BookHotel", "trip.hotel"),
//			saga.ActionNode("car", "BookCar", "trip.car"),
//		).
//		Append(saga.ActionNode("summary", "Summarize", "trip.summary")).
//		Build()
type DAGBuilder struct {
	name   Name
	nodes  []dagNode                  // the start node first
	ids    map[NodeName]engine.NodeID // without the nodes inside subsagas
	tails  []engine.NodeID            // the nodes since the last stage, ascending; see leaves
	passed map[engine.NodeID]bool     // those of the tails that have children
	err    *BuildError
}

// BuildError says why a DAG can't be built. Err wraps ErrNodeNotFound,
// ErrNotAncestor or ErrTooLarge if that is the mistake.
type BuildError struct {
	Saga Name
	Node NodeName // empty if the error concerns the whole saga
	Err  error
}

// Error implements error.
func (e *BuildError) Error() string {
	if e.Node == "" {
		return fmt.Sprintf("saga %q: %v", e.Saga, e.Err)
	}
	return fmt.Sprintf("saga %q: node %q: %v", e.Saga, e.Node, e.Err)
}

// Unwrap returns Err.
func (e *BuildError) Unwrap() error { return e.Err }

// Errors that Build returns, in a BuildError. Methods that find nodes return
// the exported ones too.
var (
	// errBadName is returned when a name is empty, longer than 128 bytes, or
	// contains a slash, a dollar sign or an unprintable character, or when a
	// label is not one printable line.
	errBadName = errors.New("bad name")
	// errDuplicateName is returned when two nodes of a DAG have the same name.
	errDuplicateName = errors.New("another node has that name")
	// errEmptyStage is returned when AppendParallel is called without nodes.
	errEmptyStage = errors.New("a stage needs at least one node")
	// errBadOutput is returned when a DAG is empty or doesn't end with exactly
	// one node.
	errBadOutput = errors.New("a saga ends with exactly one node, whose output is the saga's")
	// ErrNodeNotFound is returned when a name, a path or an index doesn't
	// identify a node.
	ErrNodeNotFound = errors.New("no such node")
	// ErrNotAncestor is returned when a node refers to the output of a node
	// that isn't guaranteed to succeed before it starts.
	ErrNotAncestor = errors.New("no ancestor has that name")
	// errBadNode is returned when a Node was not made by ActionNode,
	// ConstantNode or SubsagaNode, or can't be encoded.
	errBadNode = errors.New("bad node")
)

// NewDAGBuilder returns a builder of a DAG with that name. The DAG is empty.
func NewDAGBuilder(name Name) *DAGBuilder {
	b := &DAGBuilder{
		name:   name,
		nodes:  []dagNode{{kind: engine.KindStart}},
		ids:    map[NodeName]engine.NodeID{},
		passed: map[engine.NodeID]bool{},
	}
	if err := validName(name); err != nil {
		b.fail("", fmt.Errorf("%w: %w", errBadName, err))
	}
	return b
}

// Append adds a node that runs after all nodes added so far.
func (b *DAGBuilder) Append(node Node) *DAGBuilder { return b.AppendParallel(node) }

// AppendParallel adds nodes that run after all nodes added so far, and in
// parallel with each other.
func (b *DAGBuilder) AppendParallel(nodes ...Node) *DAGBuilder {
	if len(nodes) == 0 {
		b.fail("", errEmptyStage)
		return b
	}
	after := b.leaves()
	b.tails = nil
	clear(b.passed)
	for _, n := range nodes {
		b.add(n, after)
	}
	return b
}

// Node adds a node that runs directly after the named nodes, which must have
// been added before. If none is named, the node runs at the start of the saga.
func (b *DAGBuilder) Node(node Node, after ...NodeName) *DAGBuilder {
	var parents []engine.NodeID
	seen := make(map[engine.NodeID]bool, len(after))
	for _, name := range after {
		id, ok := b.ids[name]
		if !ok {
			b.fail(node.name, fmt.Errorf("%w: %q, after which it runs; add that node first", ErrNodeNotFound, name))
			return b
		}
		if !seen[id] {
			seen[id], b.passed[id] = true, true
			parents = append(parents, id)
		}
	}
	b.add(node, parents)
	return b
}

// Build returns the DAG. The error is a *BuildError.
func (b *DAGBuilder) Build() (*DAG, error) {
	if b.err != nil {
		return nil, b.err
	}
	leaves := b.leaves()
	if len(leaves) != 1 {
		err := fmt.Errorf("%w; this one ends with %s", errBadOutput, b.names(leaves))
		return nil, &BuildError{Saga: b.name, Err: err}
	}
	d := &DAG{name: b.name, nodes: slices.Clone(b.nodes)}
	d.nodes = append(d.nodes, dagNode{kind: engine.KindEnd, parents: leaves})
	if err := d.index(); err != nil {
		return nil, &BuildError{Saga: b.name, Err: err}
	}
	if err := d.checkSources(); err != nil {
		return nil, err
	}
	return d, nil
}

// MustBuild is like Build but panics on an error. It is meant for DAGs that are
// known to be valid, such as those that sagagen has checked.
func (b *DAGBuilder) MustBuild() *DAG {
	d, err := b.Build()
	if err != nil {
		panic(err)
	}
	return d
}

func (b *DAGBuilder) add(n Node, parents []engine.NodeID) {
	if b.err != nil {
		return
	}
	if err := n.check(); err != nil {
		b.fail(n.name, err)
		return
	}
	if _, used := b.ids[n.name]; used {
		b.fail(n.name, errDuplicateName)
		return
	}
	if len(parents) == 0 {
		parents = []engine.NodeID{0}
	}
	if n.kind == engine.KindSubsaga {
		if size := len(b.nodes) + len(n.dag.nodes) + 1; size > maxNodes {
			b.fail(n.name, fmt.Errorf("%w: %d nodes with this subsaga, the limit is %d", ErrTooLarge, size, maxNodes))
			return
		}
		b.addSubsaga(n, parents)
	} else {
		b.nodes = append(b.nodes, dagNode{
			kind: n.kind, name: n.name, label: n.label, action: n.action,
			inputs: slices.Clone(n.inputs), value: n.value, parents: parents,
		})
	}
	id := engine.NodeID(len(b.nodes) - 1)
	b.ids[n.name] = id
	b.tails = append(b.tails, id)
}

// leaves returns the nodes of this name space without children, ascending.
func (b *DAGBuilder) leaves() []engine.NodeID {
	var leaves []engine.NodeID
	for _, id := range b.tails {
		if !b.passed[id] {
			leaves = append(leaves, id)
		}
	}
	return leaves
}

// addSubsaga copies the inner DAG. Its start node becomes a KindSubsagaStart,
// its end node a KindSubsagaEnd.
func (b *DAGBuilder) addSubsaga(n Node, parents []engine.NodeID) {
	offset := engine.NodeID(len(b.nodes))
	for _, inner := range n.dag.nodes {
		copied := dagNode{
			kind: inner.kind, name: inner.name, label: inner.label, action: inner.action,
			inputs: inner.inputs, value: inner.value, subsaga: inner.subsaga, params: inner.params,
		}
		for _, p := range inner.parents {
			copied.parents = append(copied.parents, p+offset)
		}
		switch inner.kind {
		case engine.KindStart:
			copied.kind, copied.parents = engine.KindSubsagaStart, parents
			copied.subsaga, copied.params = n.dag.name, n.paramsFrom
		case engine.KindEnd:
			copied.kind, copied.name = engine.KindSubsagaEnd, n.name
		}
		b.nodes = append(b.nodes, copied)
	}
}

// checkSources checks that the nodes refer to the outputs of ancestors only.
func (d *DAG) checkSources() error {
	for i := range d.nodes {
		id, n := engine.NodeID(i), &d.nodes[i]
		if n.kind == engine.KindSubsagaStart {
			if _, err := d.source(id, n.params); err != nil {
				return &BuildError{Saga: d.name, Node: d.nodes[n.closing].name,
					Err: fmt.Errorf("%w: %q, from which its parameters come", ErrNotAncestor, n.params)}
			}
		}
		for _, in := range n.inputs {
			if _, err := d.source(id, in.From); err != nil {
				return &BuildError{Saga: d.name, Node: n.name,
					Err: fmt.Errorf("%w: %q, from which its input %q comes", ErrNotAncestor, in.From, in.Input)}
			}
		}
	}
	return nil
}

func (n *Node) check() error {
	if n.err != nil {
		return fmt.Errorf("%w: %w", errBadNode, n.err)
	}
	if err := validName(n.name); err != nil {
		return fmt.Errorf("%w: %w", errBadName, err)
	}
	switch n.kind {
	case engine.KindAction:
		if err := validName(n.action); err != nil {
			return fmt.Errorf("%w: action: %w", errBadName, err)
		}
		if err := validText(n.label); err != nil {
			return fmt.Errorf("%w: label: %w", errBadName, err)
		}
		seen := map[string]bool{}
		for _, in := range n.inputs {
			if err := validName(in.Input); err != nil {
				return fmt.Errorf("%w: input: %w", errBadName, err)
			}
			if seen[in.Input] {
				return fmt.Errorf("%w: input %q is bound twice", errBadNode, in.Input)
			}
			seen[in.Input] = true
		}
	case engine.KindSubsaga:
		if n.dag == nil {
			return fmt.Errorf("%w: the subsaga has no DAG", errBadNode)
		}
	case engine.KindConstant:
	default:
		return fmt.Errorf("%w: make it with ActionNode, ConstantNode or SubsagaNode", errBadNode)
	}
	return nil
}

func (b *DAGBuilder) fail(node NodeName, err error) {
	if b.err == nil {
		b.err = &BuildError{Saga: b.name, Node: node, Err: err}
	}
}

func (b *DAGBuilder) names(ids []engine.NodeID) string {
	if len(ids) == 0 {
		return "none"
	}
	var names []string
	for _, id := range ids {
		names = append(names, fmt.Sprintf("%q", b.nodes[id].name))
	}
	return join(names)
}

// join joins words as in "a, b and c".
func join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
