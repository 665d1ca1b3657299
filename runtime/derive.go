package saga

import (
	"errors"
	"fmt"
)

// What a DAG may have at most. The limits are far above what people write, and keep a DAG that was read from
// elsewhere, or that multiplies subsagas, from taking all memory.
const (
	maxNodes   = 100_000   // structural ones included
	maxEdges   = 1_000_000 // a stage of 1,000 nodes after another one
	maxPathLen = 1024      // of a NodePath, in bytes
)

// ErrTooLarge is returned when a DAG has more nodes or edges than this package handles, or subsagas that stand too deep in
// each other.
var ErrTooLarge = errors.New("the DAG is too large")

// derive fills in what follows from the kinds, the names and the parents. It returns an
// error if those don't make a DAG, or one that is too large.
func (d *DAG) derive() error {
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
		if err := d.deriveEdges(NodeID(i)); err != nil {
			return err
		}
		d.deriveFloor(NodeID(i))
	}
	d.paths = make(map[NodePath]NodeID, len(d.nodes))
	for i := range d.nodes {
		if err := d.derivePath(NodeID(i)); err != nil {
			return err
		}
	}
	return nil
}

// matchBrackets checks that the structural nodes are in place, and sets each node's scope and closing.
func (d *DAG) matchBrackets() error {
	open := make([]NodeID, 0, 8) // the starts of the name spaces that are not closed yet
	for i := range d.nodes {
		id, n := NodeID(i), &d.nodes[i]
		if (n.kind == KindStart) != (i == 0) || (n.kind == KindEnd) != (i == len(d.nodes)-1) {
			return fmt.Errorf("node %d: %s out of place", i, n.kind)
		}
		switch n.kind {
		case KindStart:
			open = append(open, id)
		case KindSubsagaEnd:
			if len(open) < 2 {
				return fmt.Errorf("node %d: %s out of place", i, n.kind)
			}
			start := open[len(open)-1]
			n.closing, d.nodes[start].closing = start, id
			open = open[:len(open)-1]
		case KindEnd:
			if len(open) > 1 {
				return fmt.Errorf("node %d: the subsaga that starts here has no end", open[len(open)-1])
			}
		case KindConstant, KindAction, KindSubsagaStart:
		default:
			return fmt.Errorf("node %d: %s out of place", i, n.kind)
		}
		n.scope = open[len(open)-1]
		if n.kind == KindSubsagaStart {
			open = append(open, id)
		}
	}
	return nil
}

// deriveEdges checks a node's parents, and adds the node to their children.
func (d *DAG) deriveEdges(id NodeID) error {
	n := &d.nodes[id]
	closes := n.kind == KindSubsagaEnd || n.kind == KindEnd
	switch {
	case id != d.Start() && len(n.parents) == 0:
		return fmt.Errorf("node %d: runs after nothing", id)
	case closes && len(n.parents) != 1:
		return fmt.Errorf("node %d: %w", id, ErrBadOutput)
	}
	within := n.scope
	if n.kind == KindSubsagaEnd {
		within = n.closing
	}
	for _, p := range n.parents {
		if p < 0 || p >= id {
			return fmt.Errorf("node %d: runs after node %d, which is not before it", id, p)
		}
		parent := &d.nodes[p]
		switch first := p == within; {
		case first && closes:
			return fmt.Errorf("node %d: %w", id, ErrBadOutput)
		case first && len(n.parents) > 1:
			return fmt.Errorf("node %d: runs after node %d, which is the start, and after others", id, p)
		case !first && (parent.scope != within || parent.kind == KindSubsagaStart):
			return fmt.Errorf("node %d: runs after node %d, which is in another saga", id, p)
		}
		// The children are ascending, so that a parent given twice shows here.
		if last := len(parent.children) - 1; last >= 0 && parent.children[last] == id {
			return fmt.Errorf("node %d: runs after node %d twice", id, p)
		}
		parent.children = append(parent.children, id)
	}
	return nil
}

// deriveFloor sets a node's floor: what lies below that of a parent, and the parents that follow there without a gap.
func (d *DAG) deriveFloor(id NodeID) {
	n := &d.nodes[id]
	if n.kind == KindSubsagaEnd {
		n.floor = d.nodes[n.closing].floor
		return
	}
	n.floor = n.scope + 1
	for _, p := range n.parents {
		n.floor = max(n.floor, d.nodes[p].floor)
	}
	for _, p := range n.parents {
		first := p
		if d.nodes[p].kind == KindSubsagaEnd {
			first = d.nodes[p].closing
		}
		if first == n.floor {
			n.floor = p + 1
		}
	}
}

// derivePath sets the path of a node. That of a subsaga's end is set at its start already, as it comes
// first in the paths of the nodes between.
func (d *DAG) derivePath(id NodeID) error {
	n := &d.nodes[id]
	named := n
	if n.kind == KindSubsagaStart {
		named = &d.nodes[n.closing]
	}
	if named.name == "" {
		return nil
	}
	named.path = d.prefix(n.scope) + NodePath(named.name)
	if len(named.path) > maxPathLen {
		return fmt.Errorf("%w: node %d: its path is %d bytes long, the limit is %d", ErrTooLarge, id, len(named.path), maxPathLen)
	}
	if named != n {
		return nil
	}
	if _, used := d.paths[n.path]; used {
		return fmt.Errorf("node %q: %w", n.path, ErrDuplicateName)
	}
	d.paths[n.path] = id
	return nil
}
