package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// checker builds the model of one package and reports its mistakes. The package
// is the one being checked, or one that it imports.
type checker struct {
	*report.Reporter
	*annotation.Source
	info       *types.Info // nil for an imported package
	typeErrors []types.Error
	run        *Run

	app       types.Type
	appBroken bool
	functions []*function
	actions   map[string]*actionModel
	sagas     map[string]*sagaModel
	sagaOrder []*sagaModel // the values of sagas, in the order of the sources

	// withheld says that the model is not complete because of a mistake that is
	// reported for another package.
	withheld bool
	// reported has the keys of mistakes that are reported only once, although
	// they have several consequences; see firstReport.
	reported map[string]bool
	// stubs are the names of suggested functions.
	stubs map[string]bool
}

func newChecker(r *report.Reporter, source *annotation.Source, run *Run) *checker {
	return &checker{
		Reporter: r, Source: source, run: run,
		actions: map[string]*actionModel{}, sagas: map[string]*sagaModel{},
		reported: map[string]bool{}, stubs: map[string]bool{},
	}
}

// build runs the checks. Each step uses the results of the steps before.
func (c *checker) build() {
	c.readFunctions()
	c.pairActions()
	c.readActions()
	c.placeNodes()
	c.checkContainment()
	c.resolveOutputs()
	c.bindInputs()
	if !c.isImported() {
		c.checkLogNames()
	}
}

// firstReport returns true if it is called with this key for the first time.
// The parts of the key are the kind of a mistake and the name or text
// concerned.
func (c *checker) firstReport(parts ...string) bool {
	key := reportedKey(parts...)
	if c.reported[key] {
		return false
	}
	c.reported[key] = true
	return true
}

func reportedKey(what ...string) string { return strings.Join(what, "\x00") }

// packageModel returns the model. It is complete only if nothing was reported.
func (c *checker) packageModel(prefix string) *model.Package {
	p := &model.Package{
		Path: c.Pkg.Path(), Name: c.Pkg.Name(), Prefix: prefix, Types: c.Pkg, App: c.app,
	}
	for _, a := range sortedByName(c.actions) {
		if a.model != nil {
			p.Actions = append(p.Actions, a.model)
		}
	}
	for _, s := range sortedByName(c.sagas) {
		if s.model.Params != nil {
			p.Sagas = append(p.Sagas, s.model)
		}
	}
	return p
}

// funcObject returns the type checker's object for a function or a method. It
// returns nil if there is none.
func (c *checker) funcObject(fn *ast.FuncDecl) *types.Func {
	if c.info != nil {
		f, _ := c.info.Defs[fn.Name].(*types.Func)
		return f
	}
	if fn.Recv == nil {
		f, _ := c.Pkg.Scope().Lookup(fn.Name.Name).(*types.Func)
		return f
	}
	base := c.Pkg.Scope().Lookup(annotation.ReceiverName(fn))
	if base == nil {
		return nil
	}
	method, path, _ := types.LookupFieldOrMethod(base.Type(), true, c.Pkg, fn.Name.Name)
	if len(path) > 1 {
		return nil // it is a method of an embedded type
	}
	f, _ := method.(*types.Func)
	return f
}

// typeObject returns the type checker's object for a declared type. It returns
// nil if there is none.
func (c *checker) typeObject(spec *ast.TypeSpec) *types.TypeName {
	if c.info != nil {
		t, _ := c.info.Defs[spec.Name].(*types.TypeName)
		return t
	}
	t, _ := c.Pkg.Scope().Lookup(spec.Name.Name).(*types.TypeName)
	return t
}

// isImported reports whether this is the checker of an imported package. Its
// types come from export data, so its syntax has no type information. Its
// diagnostics are dropped.
func (c *checker) isImported() bool { return c.info == nil }

// importedFrom returns the import path and the package name for the actions and
// sagas in the model. They are empty for the package being checked.
func (c *checker) importedFrom() (path, name string) {
	if c.isImported() {
		return c.Pkg.Path(), c.Pkg.Name()
	}
	return "", ""
}

// within reports whether pos is inside a node.
func within(pos token.Pos, n ast.Node) bool { return n.Pos() <= pos && pos < n.End() }
