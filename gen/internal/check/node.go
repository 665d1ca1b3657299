package check

import (
	"go/token"
	"maps"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/internal/spelling"
)

// nodeModel is a node whose model is being built.
type nodeModel struct {
	*model.Node
	saga      *sagaModel
	directive annotation.Directive // places the node
	arg       directive.NameArg    // its argument for the node
	// definition is the constant or subsaga directive; nil if the node runs an
	// action.
	definition *annotation.Directive
	after      []*nodeModel // the nodes that it runs directly after
	ancestors  map[*nodeModel]bool
	action     *actionModel // the action that it runs, if any
	inner      *sagaModel   // the saga that it runs, if any
	// unknown says that what it runs, and so its output, is not known because
	// of a mistake.
	unknown bool
}

func (n *nodeModel) pos() token.Pos { return n.directive.At(n.arg.Offset) }

// placeNode adds a node to a saga. It returns nil if the saga has a node whose
// name is alike.
func (c *checker) placeNode(s *sagaModel, d annotation.Directive, arg directive.NameArg) *nodeModel {
	n := &nodeModel{Node: &model.Node{Name: arg.Name, Pos: d.At(arg.Offset)}, saga: s, directive: d, arg: arg}
	if other := s.byName[spelling.Fold(arg.Name)]; other != nil {
		s.Incomplete = true
		if other.Name == arg.Name {
			c.Report(diag.CodeDuplicateNode, n.pos(),
				"node %q of saga %q is placed twice; to run its action again, use another node name, as in %s2=%s",
				arg.Name, s.name, arg.Name, other.actionText()).
				Relate(other.pos(), "the first one is here")
		} else {
			c.Report(diag.CodeAlikeNodes, n.pos(),
				"node %q of saga %q differs from node %q only in case or punctuation; rename one",
				arg.Name, s.name, other.Name).
				Relate(other.pos(), "the other one is here")
		}
		return nil
	}
	s.nodes = append(s.nodes, n)
	s.byName[spelling.Fold(arg.Name)] = n
	n.definition = s.defined[arg.Name]
	switch {
	case n.definition == nil:
		c.findAction(n)
	case arg.Action.Name != "":
		c.Report(diag.CodeNotAnAction, d.At(arg.Action.Offset),
			"node %q of saga %q is a %s and runs no action; remove =%s, or rename one of the two nodes",
			arg.Name, s.name, n.definition.Verb, arg.Action).
			Relate(n.definition.At(n.definition.Names[0].Offset), "the node is defined here")
		n.unknown = true
	case n.definition.Verb == "constant":
		n.Kind = model.NodeConstant
		c.findConstant(n)
	default:
		n.Kind = model.NodeSubsaga
		c.findSubsaga(n)
	}
	return n
}

// actionText returns the name of the action of a node as the sources write it.
func (n *nodeModel) actionText() string {
	if n.arg.Action.Name != "" {
		return n.arg.Action.String()
	}
	return n.Name
}

func (c *checker) findAction(n *nodeModel) {
	ref := n.arg.Action
	if ref.Name == "" {
		ref = directive.Reference{Name: n.Name, Offset: n.arg.Offset}
	}
	pos := n.directive.At(ref.Offset)
	from := c
	if ref.Pkg != "" {
		if from = c.importedChecker(n.saga.File, ref, pos); from == nil {
			n.unknown = true
			return
		}
	}
	n.action = from.actions[ref.Name]
	if n.action == nil {
		n.unknown = true
		c.reportUnknownAction(n, from, ref, pos)
		return
	}
	n.unknown = from != c && !c.checkImportedAction(n.action, from, ref, pos) || n.action.broken
}

// reportUnknownAction reports a node whose action doesn't exist, unless that is
// the consequence of a directive that was reported.
func (c *checker) reportUnknownAction(n *nodeModel, from *checker, ref directive.Reference, pos token.Pos) {
	if from.HasDropped("do", ref.Name) || from.hasUndo(ref.Name) {
		if from != c {
			c.reportBrokenPackage(from, pos, "action "+naming.Printable(ref.String()))
		}
		return
	}
	if !c.firstReport("action", ref.String()) {
		return
	}
	if from == c && ref.Offset == n.arg.Offset && n.saga.droppedDefinition(c, n.Name) {
		return
	}
	names := slices.Sorted(maps.Keys(from.actions))
	prefix, where := "", "this package"
	if from != c {
		prefix, where = ref.Pkg+".", "package "+from.Pkg.Path()
	}
	what := "node " + naming.Printable(n.Name) + " of saga " + naming.Printable(n.saga.name)
	if closest, ok := spelling.Closest(ref.Name, n.saga.unplaced()); ok && from == c {
		n.saga.Incomplete = true // the node that is meant isn't placed
		c.Report(diag.CodeUnknownAction, pos, "%s runs unknown action %q; did you mean %q?",
			what, ref.String(), closest).Replace(pos, ref.String(), closest)
		return
	}
	if closest, ok := spelling.Closest(ref.Name, names); ok {
		d := c.Report(diag.CodeUnknownAction, pos, "%s runs unknown action %q; did you mean %q?",
			what, ref.String(), prefix+closest)
		if n.arg.Action.Name == "" && n.saga.node(closest) != nil {
			d.Replace(pos, n.Name, n.Name+"="+closest) // two nodes can't have one name
		} else {
			d.Replace(pos, ref.String(), prefix+closest)
		}
		return
	}
	advice := "as there are no actions in " + where
	if len(names) > 0 {
		advice = "or use an action of " + where + ": " + naming.Enumerate(naming.Quoted(names), "and")
	}
	d := c.Report(diag.CodeUnknownAction, pos, "%s runs unknown action %q; add //saga:do %s above its function, %s",
		what, ref.String(), ref.Name, advice)
	if from == c && !c.isImported() {
		c.suggestDo(d, n.saga, ref.Name)
	}
}

// hasUndo reports whether a function is annotated as the undo of an action.
func (c *checker) hasUndo(name string) bool {
	return slices.ContainsFunc(c.functions, func(f *function) bool { return !f.isDo() && f.nameArg().Name == name })
}

// droppedDefinition reports whether a directive that was dropped may have
// defined the node.
func (s *sagaModel) droppedDefinition(c *checker, name string) bool {
	return s.Incomplete && (c.HasDropped("constant", name) || c.HasDropped("subsaga", name) || c.HasDropped("", name))
}

func nodeNames(nodes []*nodeModel) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	return names
}
