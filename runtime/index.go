package saga

import (
	"errors"
	"fmt"

	"github.com/sagagen/sagagen/runtime/engine"
)

// The limits of a DAG. They are far above what people write. They keep a DAG
// that was read from elsewhere, or that multiplies subsagas, from using all
// memory.
const (
	maxNodes   = 100_000   // including the structural ones
	maxEdges   = 1_000_000 // two consecutive stages of 1,000 nodes
	maxPathLen = 1024      // bytes in a NodePath
)

// ErrTooLarge is returned when a DAG exceeds 100,000 nodes, 1,000,000 edges, or
// 1024 bytes for the path of a node. Coordinators also return it for data that
// exceeds their limits.
var ErrTooLarge = errors.New("too large")

// index computes the fields of the nodes that follow from the kinds, the names
// and the parents. It returns an error if those don't form a valid DAG, or if
// the DAG is too large.
func (d *DAG) index() error {
	if len(d.nodes) > maxNodes {
		return fmt.Errorf("%w: %d nodes, the limit is %d", ErrTooLarge, len(d.nodes), maxNodes)
	}
	if err := d.matchBrackets(); err != nil {
		return err
	}
	edges := 0
	for i := range d.nodes {
		d.nodes[i].children = nil
		if edges += len(d.nodes[i].parents); edges > maxEdges {
			return fmt.Errorf("%w: more than %d edges", ErrTooLarge, maxEdges)
		}
		if err := d.linkChildren(engine.NodeID(i)); err != nil {
			return err
		}
		d.setAllBelow(engine.NodeID(i))
	}
	d.paths = make(map[NodePath]engine.NodeID, len(d.nodes))
	for i := range d.nodes {
		if err := d.setPath(engine.NodeID(i)); err != nil {
			return err
		}
	}
	return nil
}

// matchBrackets checks the order of the structural nodes, and sets scope and
// closing of each node.
func (d *DAG) matchBrackets() error {
	open := make([]engine.NodeID, 0, 8) // the starts of the enclosing name spaces
	for i := range d.nodes {
		id, n := engine.NodeID(i), &d.nodes[i]
		if (n.kind == engine.KindStart) != (i == 0) || (n.kind == engine.KindEnd) != (i == len(d.nodes)-1) {
			return fmt.Errorf("node %d: %s out of place", i, n.kind)
		}
		switch n.kind {
		case engine.KindStart:
			open = append(open, id)
		case engine.KindSubsagaEnd:
			if len(open) < 2 {
				return fmt.Errorf("node %d: %s out of place", i, n.kind)
			}
			start := open[len(open)-1]
			n.closing, d.nodes[start].closing = start, id
			open = open[:len(open)-1]
		case engine.KindEnd:
			if len(open) > 1 {
				return fmt.Errorf("node %d: the subsaga that starts here has no end", open[len(open)-1])
			}
		case engine.KindConstant, engine.KindAction, engine.KindSubsagaStart:
		default:
			return fmt.Errorf("node %d: %s out of place", i, n.kind)
		}
		n.scope = open[len(open)-1]
		if n.kind == engine.KindSubsagaStart {
			open = append(open, id)
		}
	}
	return nil
}

// linkChildren checks the parents of a node and adds the node to their
// children.
func (d *DAG) linkChildren(id engine.NodeID) error {
	n := &d.nodes[id]
	closes := n.kind == engine.KindSubsagaEnd || n.kind == engine.KindEnd
	switch {
	case id != d.Start() && len(n.parents) == 0:
		return fmt.Errorf("node %d: it has no parents", id)
	case closes && len(n.parents) != 1:
		return fmt.Errorf("node %d: %w", id, errBadOutput)
	}
	within := n.scope
	if n.kind == engine.KindSubsagaEnd {
		within = n.closing
	}
	for _, p := range n.parents {
		if p < 0 || p >= id {
			return fmt.Errorf("node %d: runs after node %d, which is not before it", id, p)
		}
		parent := &d.nodes[p]
		switch first := p == within; {
		case first && closes:
			return fmt.Errorf("node %d: %w", id, errBadOutput)
		case first && len(n.parents) > 1:
			return fmt.Errorf("node %d: runs after node %d, the start, and after others", id, p)
		case !first && (parent.scope != within || parent.kind == engine.KindSubsagaStart):
			return fmt.Errorf("node %d: runs after node %d, which is in another saga", id, p)
		}
		// Children are ascending: a duplicate parent has id as its last child.
		if last := len(parent.children) - 1; last >= 0 && parent.children[last] == id {
			return fmt.Errorf("node %d: runs after node %d twice", id, p)
		}
		parent.children = append(parent.children, id)
	}
	return nil
}

// setAllBelow sets allBelow of a node. It is the highest allBelow of its
// parents, raised by the parents that follow from there without a gap.
func (d *DAG) setAllBelow(id engine.NodeID) {
	n := &d.nodes[id]
	if n.kind == engine.KindSubsagaEnd {
		n.allBelow = d.nodes[n.closing].allBelow
		return
	}
	n.allBelow = n.scope + 1
	for _, p := range n.parents {
		n.allBelow = max(n.allBelow, d.nodes[p].allBelow)
	}
	for _, p := range n.parents {
		first := p
		if d.nodes[p].kind == engine.KindSubsagaEnd {
			first = d.nodes[p].closing
		}
		if first == n.allBelow {
			n.allBelow = p + 1
		}
	}
}

// setPath sets the path of a node. The path of a subsaga's end is set when its
// start is reached, because the nodes between need it as a prefix.
func (d *DAG) setPath(id engine.NodeID) error {
	n := &d.nodes[id]
	named := n
	if n.kind == engine.KindSubsagaStart {
		named = &d.nodes[n.closing]
	}
	if named.name == "" {
		return nil
	}
	named.path = d.prefix(n.scope) + NodePath(named.name)
	if len(named.path) > maxPathLen {
		return fmt.Errorf("%w: node %d: its path is %d bytes long, the limit is %d",
			ErrTooLarge, id, len(named.path), maxPathLen)
	}
	if named != n {
		return nil
	}
	if _, used := d.paths[n.path]; used {
		return fmt.Errorf("node %q: %w", n.path, errDuplicateName)
	}
	d.paths[n.path] = id
	return nil
}
