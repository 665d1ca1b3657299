package check

import (
	"go/token"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/internal/spelling"
)

// resolveAfter finds the nodes that the after arguments of a saga name.
func (c *checker) resolveAfter(s *sagaModel) {
	for _, n := range s.nodes {
		if n.directive.Verb != "node" {
			continue
		}
		for _, a := range n.directive.After {
			if p := s.node(a.Name); p != nil {
				n.after = append(n.after, p)
				continue
			}
			s.edgesBroken = true
			c.reportUnknownNode(n, a.Name, n.directive.At(a.Offset),
				"node %q of saga %q runs after unknown node %q; %s")
		}
	}
}

// node returns the node with exactly this name; nil if there is none.
func (s *sagaModel) node(name string) *nodeModel {
	if n := s.byName[spelling.Fold(name)]; n != nil && n.Name == name {
		return n
	}
	return nil
}

// reportUnknownNode reports a name in the directives of n that no node has. The
// format takes the names of n and its saga, the unknown name, and the advice.
func (c *checker) reportUnknownNode(n *nodeModel, name string, pos token.Pos, format string) {
	s := n.saga
	if slices.Contains(s.unplaced(), name) {
		return // checkPlaced reports it
	}
	var names []string
	for _, other := range s.nodes {
		if other != n {
			names = append(names, other.Name)
		}
	}
	advice := "available nodes: " + naming.Enumerate(naming.Quoted(names), "and")
	closest, found := spelling.Closest(name, names)
	if found {
		if other := s.node(closest); other.Kind == model.NodeAction && other.action == nil {
			return // that node has an unknown action, which was reported
		}
		advice = "did you mean " + naming.Printable(closest) + "?"
	} else if name == "start" {
		advice = "omit after= for a node that runs at the start"
	}
	if !s.Incomplete && c.firstReport("node", s.name, name) {
		d := c.Report(diag.CodeUnknownNode, pos, format, n.Name, s.name, name, advice)
		if found {
			d.Replace(pos, name, closest)
		}
	}
}

// connect sorts the nodes of a saga topologically and finds their ancestors. It
// reports cycles.
func (c *checker) connect(s *sagaModel) {
	if c.reportCycles(s) {
		s.edgesBroken, s.outputUnknown = true, true
		return
	}
	s.nodes = topologicalOrder(s.nodes)
	for _, n := range s.nodes {
		n.ancestors = map[*nodeModel]bool{}
		for _, p := range n.after {
			n.Node.After = append(n.Node.After, p.Node)
			n.ancestors[p] = true
			for a := range p.ancestors {
				n.ancestors[a] = true
			}
		}
		s.model.Nodes = append(s.model.Nodes, n.Node)
	}
	s.outputUnknown = s.outputUnknown || s.Incomplete || s.edgesBroken || len(s.leaves()) > 1
}

// checkEnd reports a saga that ends in several nodes, unless a mistake in its
// edges was reported.
func (c *checker) checkEnd(s *sagaModel) {
	ends := s.leaves()
	if len(ends) < 2 || s.Incomplete || s.edgesBroken || s.edgeMissing {
		return
	}
	last := ends[len(ends)-1]
	d := c.Report(diag.CodeSeveralEnds, last.pos(),
		"saga %q ends in %d nodes, %s, but it must end in one, whose output is the saga's output; append a node that runs after all of them",
		s.name, len(ends), naming.Enumerate(naming.Quoted(nodeNames(ends)), "and"))
	for _, e := range ends[:len(ends)-1] {
		d.Relate(e.pos(), "another last node is here")
	}
}

// reportCycles reports the cycles of a saga and returns true if there are any.
// A single wrong edge can close many cycles, which share its two nodes. So of
// cycles that share nodes, only one is reported.
func (c *checker) reportCycles(s *sagaModel) bool {
	reported := map[*nodeModel]bool{}
	for {
		cycle := findCycle(s.nodes, reported)
		if cycle == nil {
			return len(reported) > 0
		}
		for _, n := range cycle {
			reported[n] = true
		}
		c.reportCycle(s, cycle)
	}
}

// reportCycle reports a cycle: each node runs after the next one, and the last
// after the first. The position is that of the first after argument that names
// a node placed further down. Every cycle has one, and it is most likely the
// mistake.
func (c *checker) reportCycle(s *sagaModel, cycle []*nodeModel) {
	closing, first := token.NoPos, 0
	for i, n := range cycle {
		next := cycle[(i+1)%len(cycle)]
		for _, a := range n.directive.After {
			pos := n.directive.At(a.Offset)
			if a.Name == next.Name && n.pos() <= next.pos() && (!closing.IsValid() || pos < closing) {
				closing, first = pos, i
			}
		}
	}
	if len(cycle) == 1 {
		c.Report(diag.CodeCycle, closing, "node %q of saga %q runs after itself; remove it from after=",
			cycle[0].Name, s.name)
		return
	}
	names := nodeNames(slices.Concat(cycle[first:], cycle[:first+1]))
	slices.Reverse(names)
	c.Report(diag.CodeCycle, closing, "saga %q contains a cycle: %s; remove one of these edges",
		s.name, joinPath(names))
}

// findCycle returns the nodes of a cycle; nil if there is none. Each node runs
// after the next one, and the last after the first. findCycle ignores the
// excluded nodes.
func findCycle(nodes []*nodeModel, excluded map[*nodeModel]bool) []*nodeModel {
	const (
		onStack = iota + 1
		done
	)
	state := map[*nodeModel]int{}
	var stack []*nodeModel
	var visit func(n *nodeModel) []*nodeModel
	visit = func(n *nodeModel) []*nodeModel {
		state[n] = onStack
		stack = append(stack, n)
		for _, p := range n.after {
			switch {
			case state[p] == onStack:
				return slices.Clone(stack[slices.Index(stack, p):])
			case state[p] == 0 && !excluded[p]:
				if cycle := visit(p); cycle != nil {
					return cycle
				}
			}
		}
		stack = stack[:len(stack)-1]
		state[n] = done
		return nil
	}
	for _, n := range nodes {
		if state[n] == 0 && !excluded[n] {
			if cycle := visit(n); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

// topologicalOrder returns the nodes sorted: a node comes after those that it
// runs after. Otherwise, the order stays the same.
func topologicalOrder(nodes []*nodeModel) []*nodeModel {
	ordered := make([]*nodeModel, 0, len(nodes))
	done := map[*nodeModel]bool{}
	var visit func(n *nodeModel)
	visit = func(n *nodeModel) {
		if done[n] {
			return
		}
		done[n] = true
		for _, p := range n.after {
			visit(p)
		}
		ordered = append(ordered, n)
	}
	for _, n := range nodes {
		visit(n)
	}
	return ordered
}
