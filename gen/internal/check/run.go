package check

import (
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// Run checks the packages of one run. They share the models of the packages
// that they import. It is not safe for concurrent use.
type Run struct {
	*load.Universe
	imported map[string]*checker // by import path
}

// NewRun returns a run over the packages of a universe.
func NewRun(u *load.Universe) *Run { return &Run{Universe: u, imported: map[string]*checker{}} }

// Check checks a package and returns its model. It returns nil if anything was
// reported, for this package or for a package that it uses, or if the package
// has no directives.
func (run *Run) Check(r *report.Reporter, pkg *load.Package, source *annotation.Source) *model.Package {
	checkLeftOver(r, pkg, source)
	if source.Empty() {
		return nil
	}
	c := newChecker(r, source, run)
	c.info, c.typeErrors = pkg.Info, pkg.TypeErrors
	c.build()
	checked := c.packageModel(model.Prefix(pkg.Name, pkg.Dir))
	checked.Dir, checked.Fset = pkg.Dir, run.Fset
	c.checkNames(checked)
	checkOutput(r, pkg, checked)
	if len(r.Diagnostics) > 0 || c.withheld {
		return nil
	}
	return checked
}
