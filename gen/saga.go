package gen

import (
	"go/types"
	"slices"
	"strings"
)

// sagaModel is a saga while its model is built.
type sagaModel struct {
	*annotatedType
	name  string
	model *Saga
	nodes []*nodeModel // in the order in which they are placed; from connect on, topological
	// byName are the nodes by their folded names.
	byName map[string]*nodeModel
	// defined are the nodes that constant and subsaga directives define, by name.
	defined map[string]*placedDirective
	// broken says that its edges were reported, so that who is whose ancestor can't be known.
	broken bool
	// misplaced says that a node was reported that runs too late for another.
	misplaced bool
	// resolved is set when the outputs of its nodes are known.
	resolved bool
	// outputUnknown says that what its output is can't be known.
	outputUnknown bool
	// unbound are the parameters that were reported as such.
	unbound map[*types.Var]bool
}

// placeNodes reads the directives of all sagas: which nodes there are, and what runs after what.
func (m *modeler) placeNodes() {
	for _, t := range m.types {
		s := m.newSaga(t)
		if s == nil {
			continue
		}
		s.incomplete = s.incomplete || m.hasLostNodes()
		m.defineNodes(s)
		m.placeAll(s)
		m.checkPlaced(s)
		m.connect(s)
	}
}

// newSaga begins the model of a saga. It returns nil if the annotated type can't have one.
func (m *modeler) newSaga(t *annotatedType) *sagaModel {
	name := t.dag.names[0].name
	s := &sagaModel{annotatedType: t, name: name, byName: map[string]*nodeModel{}, defined: map[string]*placedDirective{}, unbound: map[*types.Var]bool{}}
	namePos := t.dag.at(t.dag.names[0].offset)
	if first := m.sagas[name]; first != nil {
		m.report(CodeDuplicateSaga, namePos, "there is a saga %q already, on %s; rename one", name, first.spec.Name.Name).
			relate(first.dag.at(first.dag.names[0].offset), "the first is here")
		first.outputUnknown = true
		return nil
	}
	obj := m.typeName(t.spec)
	usable := m.checkParams(s, obj)
	s.model = &Saga{Name: name, Params: obj}
	s.model.ImportPath, s.model.PackageName = m.importNames()
	m.sagas[name] = s
	m.order = append(m.order, s)
	if !usable {
		s.model.Params = nil
	}
	return s
}

// checkParams reports a type that can't be the parameters of a saga.
func (m *modeler) checkParams(s *sagaModel, obj *types.TypeName) bool {
	name := s.spec.Name
	switch {
	case s.spec.TypeParams != nil:
		m.report(CodeGenericParams, name.Pos(), "%s has type parameters, and a saga's parameters are of one type; declare one, as in type %sOfString %s[string]", name.Name, name.Name, name.Name)
		return false
	case s.spec.Assign.IsValid():
		m.report(CodeAliasParams, name.Pos(), "%s is an alias, and a saga's parameters are a type of its own; leave the = out", name.Name)
		return false
	case obj == nil || name.Name == "_":
		if !m.foreign() {
			m.report(CodeBrokenDeclaration, name.Pos(), "the compiler doesn't see type %s; go vet says why", name.Name)
		}
		return false
	}
	if e, ok := m.errorIn(s.spec); ok && !m.foreign() {
		m.compileError(e, "type "+name.Name+", which an annotated declaration uses,")
		return false
	}
	if m.brokenType(obj.Type(), s.file, name.Pos(), "type "+name.Name) {
		return false
	}
	return m.checkJSON(obj.Type(), name.Pos(), "the parameters of saga "+printable(s.name), "")
}

// defineNodes reads the constant and the subsaga directives.
func (m *modeler) defineNodes(s *sagaModel) {
	for i := range s.directives {
		d := &s.directives[i]
		if d.verb != "constant" && d.verb != "subsaga" {
			continue
		}
		name := d.names[0]
		if first := s.defined[name.name]; first != nil {
			m.report(CodeDuplicateNode, d.at(name.offset), "node %q of saga %q is defined twice; rename one or leave it out", name.name, s.name).
				relate(first.at(first.names[0].offset), "the first is here")
			continue
		}
		s.defined[name.name] = d
	}
}

// placeAll reads the append and the node directives.
func (m *modeler) placeAll(s *sagaModel) {
	pure := true
	var stages [][]*Node
	for _, d := range s.directives {
		if d.verb != "append" && d.verb != "node" {
			continue
		}
		pure = pure && d.verb == "append"
		leaves := s.leaves()
		var stage []*Node
		for _, arg := range d.names {
			n := m.place(s, d, arg)
			if n == nil {
				continue
			}
			if d.verb == "append" {
				n.after = leaves
			}
			stage = append(stage, n.Node)
		}
		if len(stage) > 0 {
			stages = append(stages, stage)
		}
	}
	if pure {
		s.model.Stages = stages
	}
	m.resolveAfter(s)
}

// leaves are the nodes placed so far that none placed so far runs after. Which node runs
// after one of a name that is placed further down counts too.
func (s *sagaModel) leaves() []*nodeModel {
	followed := map[string]bool{}
	for _, n := range s.nodes {
		for _, p := range n.after {
			followed[p.Name] = true
		}
		if n.directive.verb == "node" {
			for _, a := range n.directive.after {
				followed[a.name] = true
			}
		}
	}
	var leaves []*nodeModel
	for _, n := range s.nodes {
		if !followed[n.Name] {
			leaves = append(leaves, n)
		}
	}
	return leaves
}

// unplaced lists the nodes that are defined and that no append or node names.
func (s *sagaModel) unplaced() []string {
	named := map[string]bool{}
	for _, d := range s.directives {
		if d.verb == "append" || d.verb == "node" {
			for _, n := range d.names {
				named[n.name] = true
			}
		}
	}
	var names []string
	for name := range s.defined {
		if !named[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkPlaced reports a saga without nodes, and nodes that are defined and nowhere placed.
func (m *modeler) checkPlaced(s *sagaModel) {
	if s.incomplete {
		return
	}
	verb := "append"
	if slices.ContainsFunc(s.directives, func(d placedDirective) bool { return d.verb == "node" }) {
		verb = "node"
	}
	for _, name := range s.unplaced() {
		d := s.defined[name]
		m.report(CodeNotPlaced, d.at(d.names[0].offset), "node %q of saga %q is defined but has no place; add //saga:%s %s where it is to run", name, s.name, verb, name)
		s.incomplete = true
	}
	if len(s.nodes) == 0 && !s.incomplete {
		m.report(CodeEmptyDAG, s.dag.at(s.dag.names[0].offset), "saga %q has no nodes; add //saga:append NODE… below", s.name)
		s.incomplete = true
	}
}

// path writes nodes that run after each other.
func path(names []string) string { return strings.Join(quoted(names), " → ") }
