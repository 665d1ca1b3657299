package check

import (
	"go/token"

	"github.com/sagagen/sagagen/gen/diag"
)

// checkLogNames reports nodes whose action has the name in the log, PACKAGE.ACTION, that one of another package has: a registry has only one of
// them, and a saga would run that for both. It looks at the actions of this package, at those that its nodes run, and of the sagas of other
// packages that are in its own, at the actions of their own packages.
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
	paths map[string]string // import paths by names in the log
}

// check looks at what a node runs, which is of the package inside, if that isn't empty. The position is that of this package's node.
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
			l.Report(diag.CodeAlikeActions, pos, "node %q runs action %s of %s, but %s has an action of the same name, and the log can't tell them apart; rename one of the actions, or its package",
				n.Name, name, path, other)
		}
	case n.Subsaga != nil && n.inner != nil && n.Subsaga.ImportPath != "" && (declaring == "" || n.Subsaga.ImportPath == declaring):
		for _, inner := range n.inner.nodes {
			l.checkNode(pos, inner, n.Subsaga.ImportPath)
		}
	}
}
