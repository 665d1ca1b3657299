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

// checker builds the model of one package, from what its comments say and what its types are,
// and reports what can't be.
//
// Every part that was reported is marked as broken, so that what depends on it isn't reported too.
type checker struct {
	*report.Reporter
	*annotation.Source
	info       *types.Info // nil for an imported package, whose bodies nobody looks at
	typeErrors []types.Error
	run        *Run

	app       types.Type
	appBroken bool
	functions []*function
	actions   map[string]*actionModel
	sagas     map[string]*sagaModel
	sagaOrder []*sagaModel // in the order of the sources

	// withheld says that something can't be known because of a mistake that is reported
	// for another package.
	withheld bool
	// reported are the things that were reported and are wrong in the same way elsewhere.
	reported map[string]bool
}

func newChecker(r *report.Reporter, source *annotation.Source, run *Run) *checker {
	return &checker{
		Reporter: r, Source: source, run: run,
		actions: map[string]*actionModel{}, sagas: map[string]*sagaModel{}, reported: map[string]bool{},
	}
}

// model reads in stages, each of which rests on those before.
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

// first reports whether something comes up for the first time.
func (c *checker) firstReport(parts ...string) bool {
	key := reportedKey(parts...)
	if c.reported[key] {
		return false
	}
	c.reported[key] = true
	return true
}

func reportedKey(what ...string) string { return strings.Join(what, "\x00") }

// result is the finished model, which is complete only if nothing was reported.
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

// object returns what a function or a method is in the types.
func (c *checker) funcObject(fn *ast.FuncDecl) *types.Func {
	if c.info != nil {
		f, _ := c.info.Defs[fn.Name].(*types.Func)
		return f
	}
	if fn.Recv == nil {
		f, _ := c.Pkg.Scope().Lookup(fn.Name.Name).(*types.Func)
		return f
	}
	base, _ := c.Pkg.Scope().Lookup(annotation.ReceiverName(fn)).(*types.TypeName)
	if base == nil {
		return nil
	}
	named, _ := types.Unalias(base.Type()).(*types.Named)
	if named == nil {
		return nil
	}
	for f := range named.Methods() {
		if f.Name() == fn.Name.Name {
			return f
		}
	}
	return nil
}

func (c *checker) typeObject(spec *ast.TypeSpec) *types.TypeName {
	if c.info != nil {
		t, _ := c.info.Defs[spec.Name].(*types.TypeName)
		return t
	}
	t, _ := c.Pkg.Scope().Lookup(spec.Name.Name).(*types.TypeName)
	return t
}

// foreign reports whether the model is of an imported package.
func (c *checker) isImported() bool { return c.info == nil }

// importNames returns the import path and the package name for what the models of an
// imported package are marked with.
func (c *checker) importedFrom() (path, name string) {
	if c.isImported() {
		return c.Pkg.Path(), c.Pkg.Name()
	}
	return "", ""
}

// within reports whether pos is in the range of a node.
func within(pos token.Pos, n ast.Node) bool { return n.Pos() <= pos && pos < n.End() }
