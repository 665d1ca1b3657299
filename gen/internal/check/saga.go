package check

import (
	"go/types"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
)

// sagaModel is a saga whose model is being built.
type sagaModel struct {
	*annotation.Type
	name  string
	model *model.Saga
	// nodes are in the order in which they are placed; after connect, in
	// topological order.
	nodes []*nodeModel
	// byName has the nodes by their folded names.
	byName map[string]*nodeModel
	// defined has the constant and subsaga directives by the names of their
	// nodes.
	defined map[string]*annotation.Directive
	// edgesBroken says that an edge was reported, so the ancestors of the nodes
	// are not known.
	edgesBroken bool
	// edgeMissing says that a node was reported that should run before another
	// and doesn't.
	edgeMissing bool
	// resolved says that resolveSaga was called.
	resolved bool
	// outputUnknown says that its output is not known because of a mistake.
	outputUnknown bool
	// bindingReported has the parameters whose binding was reported at some
	// node.
	bindingReported map[*types.Var]bool
}

// placeNodes reads the directives of all sagas: their nodes and edges.
func (c *checker) placeNodes() {
	for _, t := range c.Types {
		s := c.newSaga(t)
		if s == nil {
			continue
		}
		s.Incomplete = s.Incomplete || c.HasDroppedNodes()
		c.defineNodes(s)
		c.placeNodesOf(s)
		c.checkPlaced(s)
		c.connect(s)
	}
}

// newSaga returns a saga without nodes. It returns nil if another saga has its
// name.
func (c *checker) newSaga(t *annotation.Type) *sagaModel {
	name := t.Dag.Names[0].Name
	s := &sagaModel{
		Type: t, name: name,
		byName: map[string]*nodeModel{}, defined: map[string]*annotation.Directive{},
		bindingReported: map[*types.Var]bool{},
	}
	namePos := t.Dag.At(t.Dag.Names[0].Offset)
	if first := c.sagas[name]; first != nil {
		c.Report(diag.CodeDuplicateSaga, namePos, "saga %q is declared twice, first on %s; rename one",
			name, first.Spec.Name.Name).
			Relate(first.Dag.At(first.Dag.Names[0].Offset), "the first one is here")
		first.outputUnknown = true
		return nil
	}
	obj := c.typeObject(t.Spec)
	valid := c.checkParams(s, obj)
	s.model = &model.Saga{Name: name, Params: obj}
	s.model.ImportPath, s.model.PackageName = c.importedFrom()
	c.sagas[name] = s
	c.sagaOrder = append(c.sagaOrder, s)
	if !valid {
		s.model.Params = nil
	}
	return s
}

// checkParams reports whether an annotated type can be the parameter type of a
// saga. If not, it reports why.
func (c *checker) checkParams(s *sagaModel, obj *types.TypeName) bool {
	name := s.Spec.Name
	switch {
	case s.Spec.TypeParams != nil:
		c.Report(diag.CodeGenericParams, name.Pos(),
			"%s has type parameters, but the parameter type of a saga can't be generic; declare an instantiated type, as in type %sOfString %s[string]",
			name.Name, name.Name, name.Name)
		return false
	case s.Spec.Assign.IsValid():
		c.Report(diag.CodeAliasParams, name.Pos(),
			"%s is an alias, but the parameter type of a saga must be a defined type; remove the =", name.Name)
		return false
	case obj == nil || name.Name == "_":
		if !c.isImported() {
			c.Report(diag.CodeBrokenDeclaration, name.Pos(),
				"the compiler doesn't recognize type %s; run go vet for the reason", name.Name)
		}
		return false
	}
	if e, ok := c.typeErrorIn(s.Spec); ok && !c.isImported() {
		c.reportCompileError(e, "type "+name.Name+", used by an annotated declaration,")
		return false
	}
	if c.brokenType(obj.Type(), s.File, name.Pos(), "type "+name.Name) {
		return false
	}
	return c.checkJSON(obj.Type(), name.Pos(), "the parameters of saga "+naming.Printable(s.name), "")
}

// defineNodes reads the constant and subsaga directives of a saga.
func (c *checker) defineNodes(s *sagaModel) {
	for i := range s.Directives {
		d := &s.Directives[i]
		if d.Verb != "constant" && d.Verb != "subsaga" {
			continue
		}
		name := d.Names[0]
		if first := s.defined[name.Name]; first != nil {
			c.Report(diag.CodeDuplicateNode, d.At(name.Offset),
				"node %q of saga %q is defined twice; rename or remove one", name.Name, s.name).
				Relate(first.At(first.Names[0].Offset), "the first one is here")
			continue
		}
		s.defined[name.Name] = d
	}
}

// placeAll reads the append and node directives of a saga.
func (c *checker) placeNodesOf(s *sagaModel) {
	appendOnly := true
	var stages [][]*model.Node
	for _, d := range s.Directives {
		if d.Verb != "append" && d.Verb != "node" {
			continue
		}
		appendOnly = appendOnly && d.Verb == "append"
		leaves := s.leaves()
		var stage []*model.Node
		for _, arg := range d.Names {
			n := c.placeNode(s, d, arg)
			if n == nil {
				continue
			}
			if d.Verb == "append" {
				n.after = leaves
			}
			stage = append(stage, n.Node)
		}
		if len(stage) > 0 {
			stages = append(stages, stage)
		}
	}
	if appendOnly {
		s.model.Stages = stages
	}
	c.resolveAfter(s)
}

// leaves returns the nodes placed so far that no node placed so far runs after.
// The names in an after argument count, even if they are placed further down.
func (s *sagaModel) leaves() []*nodeModel {
	followed := map[string]bool{}
	for _, n := range s.nodes {
		for _, p := range n.after {
			followed[p.Name] = true
		}
		if n.directive.Verb == "node" {
			for _, a := range n.directive.After {
				followed[a.Name] = true
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

// unplaced returns the names of the nodes that are defined but not placed,
// sorted.
func (s *sagaModel) unplaced() []string {
	named := map[string]bool{}
	for _, d := range s.Directives {
		if d.Verb == "append" || d.Verb == "node" {
			for _, n := range d.Names {
				named[n.Name] = true
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

// checkPlaced reports a saga without nodes, and nodes that are defined but not
// placed.
func (c *checker) checkPlaced(s *sagaModel) {
	if s.Incomplete {
		return
	}
	verb := "append"
	if slices.ContainsFunc(s.Directives, func(d annotation.Directive) bool { return d.Verb == "node" }) {
		verb = "node"
	}
	for _, name := range s.unplaced() {
		d := s.defined[name]
		c.Report(diag.CodeNotPlaced, d.At(d.Names[0].Offset),
			"node %q of saga %q is defined but not placed; add //saga:%s %s where it should run",
			name, s.name, verb, name)
		s.Incomplete = true
	}
	if len(s.nodes) == 0 && !s.Incomplete {
		c.Report(diag.CodeEmptyDAG, s.Dag.At(s.Dag.Names[0].Offset),
			"saga %q has no nodes; add //saga:append NODE… below it", s.name)
		s.Incomplete = true
	}
}

// joinPath formats the names on a path for a message.
func joinPath(names []string) string { return strings.Join(naming.Quoted(names), " → ") }
