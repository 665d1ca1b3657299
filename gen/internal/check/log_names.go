package check

import (
	"go/token"

	"github.com/sagagen/sagagen/gen/diag"
)

// checkLogNames reports nodes whose action has the same logged name,
// PACKAGE.ACTION, as an action of another package. A registry has only one
// action of a name, which would run for both. checkLogNames compares the
// actions of this package, the actions that its nodes run, and the actions
// inside imported subsagas, as far as they are of the same package as the
// subsaga. The others are the concern of that package.
func (c *checker) checkLogNames() {
	names := logNameCheck{checker: c, paths: map[string]string{}}
	for _, a := range sortedByName(c.actions) {
		names.paths[c.Pkg.Name()+"."+a.name] = c.Pkg.Path()
	}
	for _, s := range c.sagaOrder {
		for _, n := range s.nodes {
			names.checkNode(n.pos(), n, "")
		}
	}
}

type logNameCheck struct {
	*checker
	paths map[string]string // import paths, by logged name
}

// checkNode checks the action of a node, or the nodes of its subsaga. pos is
// the position of a node of this package. For a node of an imported saga,
// declaring is the import path of that saga; checkNode skips actions of other
// packages.
func (l *logNameCheck) checkNode(pos token.Pos, n *nodeModel, declaring string) {
	switch {
	case n.Action != nil:
		path := n.Action.ImportPath
		if path == "" || declaring != "" && path != declaring {
			return
		}
		name := n.Action.PackageName + "." + n.Action.Name
		other, known := l.paths[name]
		switch {
		case !known:
			l.paths[name] = path
		case other != path && l.firstReport("log name", name, path):
			l.Report(diag.CodeAlikeActions, pos,
				"node %q runs action %s of %s, but %s has an action of the same name, and the log can't tell them apart; rename one of the actions, or its package",
				n.Name, name, path, other)
		}
	case n.Subsaga != nil && n.inner != nil && n.Subsaga.ImportPath != "" &&
		(declaring == "" || n.Subsaga.ImportPath == declaring):
		for _, inner := range n.inner.nodes {
			l.checkNode(pos, inner, n.Subsaga.ImportPath)
		}
	}
}
