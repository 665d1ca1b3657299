package gen

import (
	"go/token"
	"slices"
)

// nodeModel is a node while its model is built.
type nodeModel struct {
	*Node
	saga      *sagaModel
	directive placedDirective // what placed it
	arg       nameArg
	// definition is the constant or subsaga directive of a node that isn't an action's.
	definition *placedDirective
	after      []*nodeModel
	ancestors  map[*nodeModel]bool
	action     *actionModel
	inner      *sagaModel
	// unknown says that what it runs was reported, and its output can't be known.
	unknown bool
}

func (n *nodeModel) pos() token.Pos { return n.directive.at(n.arg.offset) }

// place adds a node. It returns nil if that was reported.
func (m *modeler) place(s *sagaModel, d placedDirective, arg nameArg) *nodeModel {
	n := &nodeModel{Node: &Node{Name: arg.name, Pos: d.at(arg.offset)}, saga: s, directive: d, arg: arg}
	if other := s.byName[fold(arg.name)]; other != nil {
		s.incomplete = true
		if other.Name == arg.name {
			m.report(CodeDuplicateNode, n.pos(), "node %q of saga %q is placed twice; to run its action again give the node another name, as in %s2=%s", arg.name, s.name, arg.name, other.runs()).
				relate(other.pos(), "the first is here")
		} else {
			m.report(CodeAlikeNodes, n.pos(), "node %q of saga %q is alike node %q, as names are compared by their letters and digits; rename one", arg.name, s.name, other.Name).
				relate(other.pos(), "the other is here")
		}
		return nil
	}
	s.nodes = append(s.nodes, n)
	s.byName[fold(arg.name)] = n
	n.definition = s.defined[arg.name]
	switch {
	case n.definition == nil:
		m.findAction(n)
	case arg.action.name != "":
		m.report(CodeNotAnAction, d.at(arg.action.offset), "node %q of saga %q is a %s and runs no action; leave =%s out, or rename one of the two", arg.name, s.name, n.definition.verb, arg.action).
			relate(n.definition.at(n.definition.names[0].offset), "it is defined here")
		n.unknown = true
	case n.definition.verb == "constant":
		n.Kind = NodeConstant
		m.findConstant(n)
	default:
		n.Kind = NodeSubsaga
		m.findSubsaga(n)
	}
	return n
}

// runs is the name of the action that a node runs, as it is written.
func (n *nodeModel) runs() string {
	if n.arg.action.name != "" {
		return n.arg.action.String()
	}
	return n.Name
}

// findAction finds what an action node runs.
func (m *modeler) findAction(n *nodeModel) {
	ref := n.arg.action
	if ref.name == "" {
		ref = reference{name: n.Name, offset: n.arg.offset}
	}
	pos := n.directive.at(ref.offset)
	from := m
	if ref.pkg != "" {
		if from = m.imported(n.saga.file, ref, pos); from == nil {
			n.unknown = true
			return
		}
	}
	n.action = from.actions[ref.name]
	if n.action == nil {
		n.unknown = true
		m.unknownAction(n, from, ref, pos)
		return
	}
	if from != m && !m.usableAction(n.action, from, ref, pos) || n.action.broken {
		n.unknown = true
		return
	}
}

func (m *modeler) unknownAction(n *nodeModel, from *modeler, ref reference, pos token.Pos) {
	if from.hasLost("do", ref.name) || from.hasUndo(ref.name) {
		if from != m {
			m.brokenImport(from, pos, "action "+printable(ref.String()))
		}
		return
	}
	if !m.first("action", ref.String()) {
		return
	}
	if from == m && ref.offset == n.arg.offset && n.saga.lostDefinition(m, n.Name) {
		return
	}
	var names []string
	for _, a := range sortedByName(from.actions) {
		names = append(names, a.name)
	}
	prefix, where := "", "this package"
	if from != m {
		prefix, where = ref.pkg+".", "package "+from.pkg.Path()
	}
	what := "node " + printable(n.Name) + " of saga " + printable(n.saga.name)
	if c, ok := Closest(ref.name, n.saga.unplaced()); ok && from == m {
		n.saga.incomplete = true // what this means isn't placed
		m.report(CodeUnknownAction, pos, "%s runs action %q, which doesn't exist; did you mean %q?", what, ref.String(), c).replace(pos, ref.String(), c)
		return
	}
	if c, ok := Closest(ref.name, names); ok {
		d := m.report(CodeUnknownAction, pos, "%s runs action %q, which doesn't exist; did you mean %q?", what, ref.String(), prefix+c)
		if n.arg.action.name == "" && n.saga.node(c) != nil {
			d.replace(pos, n.Name, n.Name+"="+c) // as two nodes can't have that name
		} else {
			d.replace(pos, ref.String(), prefix+c)
		}
		return
	}
	advice := "there is no action in " + where
	if len(names) > 0 {
		advice = "or take one of " + where + ": " + enumerate(quoted(names), "and")
	}
	d := m.report(CodeUnknownAction, pos, "%s runs action %q, which doesn't exist; write //saga:do %s above its function, %s", what, ref.String(), ref.name, advice)
	if from == m && !m.foreign() {
		m.suggestDo(d, n.saga, ref.name)
	}
}

// hasUndo reports whether there is an undo of an action, with a do or without.
func (m *modeler) hasUndo(name string) bool {
	return slices.ContainsFunc(m.functions, func(f *function) bool { return !f.isDo() && f.nameArg().name == name })
}

// lostDefinition reports whether a constant or subsaga directive that was reported could
// have defined a node.
func (s *sagaModel) lostDefinition(m *modeler, name string) bool {
	return s.incomplete && (m.hasLost("constant", name) || m.hasLost("subsaga", name) || m.hasLost("", name))
}

// nodeNames lists the names of nodes.
func nodeNames(nodes []*nodeModel) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	return names
}
