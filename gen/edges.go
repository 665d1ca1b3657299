package gen

import (
	"slices"
)

// resolveAfter finds the nodes that after arguments name.
func (m *modeler) resolveAfter(s *sagaModel) {
	for _, n := range s.nodes {
		if n.directive.verb != "node" {
			continue
		}
		for _, a := range n.directive.after {
			if p := s.node(a.name); p != nil {
				n.after = append(n.after, p)
				continue
			}
			s.broken = true
			if !s.incomplete {
				m.report(CodeUnknownNode, n.directive.at(a.offset), "node %q of saga %q runs after %q, which is no node of it; %s", n.Name, s.name, a.name, s.suggestNode(n, a.name))
			}
		}
	}
}

// node returns the node of exactly that name, nil if there is none.
func (s *sagaModel) node(name string) *nodeModel {
	if n := s.byName[fold(name)]; n != nil && n.Name == name {
		return n
	}
	return nil
}

// suggestNode says which node might be meant by a name that no node has.
func (s *sagaModel) suggestNode(n *nodeModel, name string) string {
	var names []string
	for _, other := range s.nodes {
		if other != n {
			names = append(names, other.Name)
		}
	}
	if c, ok := closest(name, names); ok {
		return "did you mean " + printable(c) + "?"
	}
	if name == "start" {
		return "leave after= out for what runs at the start"
	}
	return "there are " + enumerate(quoted(names), "and")
}

// connect orders the nodes so that each stands behind those that it runs after, and
// reports cycles and sagas with several ends.
func (m *modeler) connect(s *sagaModel) {
	if cycle := findCycle(s.nodes); cycle != nil {
		s.broken, s.outputUnknown = true, true
		names := nodeNames(cycle)
		first := cycle[0]
		// The argument concerned is the one that closes the circle.
		pos := first.pos()
		for _, a := range first.directive.after {
			if a.name == cycle[1].Name {
				pos = first.directive.at(a.offset)
			}
		}
		slices.Reverse(names)
		m.report(CodeCycle, pos, "the nodes of saga %q run after each other in a circle: %s; take one of these edges out", s.name, path(names))
		return
	}
	s.nodes = topological(s.nodes)
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
	if ends := s.leaves(); len(ends) > 1 && !s.incomplete && !s.broken {
		last := ends[len(ends)-1]
		d := m.report(CodeSeveralEnds, last.pos(), "saga %q ends in %d nodes, %s, and its output is that of one; append a node that runs after all of them", s.name, len(ends), enumerate(quoted(nodeNames(ends)), "and"))
		for _, e := range ends[:len(ends)-1] {
			d.relate(e.pos(), "another end is here")
		}
		s.outputUnknown = true
	}
	s.outputUnknown = s.outputUnknown || s.incomplete || s.broken
}

// findCycle returns the nodes of a cycle, each running after the next one, the first also
// as the last; nil if there is none.
func findCycle(nodes []*nodeModel) []*nodeModel {
	const (
		open = iota + 1
		done
	)
	state := map[*nodeModel]int{}
	var stack []*nodeModel
	var visit func(n *nodeModel) []*nodeModel
	visit = func(n *nodeModel) []*nodeModel {
		state[n] = open
		stack = append(stack, n)
		for _, p := range n.after {
			switch state[p] {
			case open:
				return append(slices.Clone(stack[slices.Index(stack, p):]), p)
			case done:
			default:
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
		if state[n] == 0 {
			if cycle := visit(n); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

// topological orders nodes so that each stands behind those that it runs after, and otherwise
// as they were placed.
func topological(nodes []*nodeModel) []*nodeModel {
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
