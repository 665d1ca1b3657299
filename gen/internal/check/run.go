package check

import (
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// Run is one run of the checks over several packages. They share the models of
// the packages that they import.
type Run struct {
	*load.Universe
	models map[string]*checker // of imported packages, by import path
}

// NewRun returns a run over the packages of a universe.
func NewRun(u *load.Universe) *Run { return &Run{Universe: u, models: map[string]*checker{}} }

// Check returns the model of a package. It returns nil if it has reported
// anything, or if the package has no directives.
func (u *Run) Check(r *report.Reporter, l *load.Package, s *annotation.Source) *model.Package {
	checkLeftOver(r, l, s)
	if s.Empty() {
		return nil
	}
	m := newChecker(r, s, u)
	m.info, m.errors = l.Info, l.TypeErrors
	m.model()
	p := m.result(model.Prefix(l.Name, l.Dir))
	p.Dir, p.Fset = l.Dir, u.Fset
	m.checkNames(p)
	checkOutput(r, l, p)
	if len(r.Diagnostics) > 0 || m.withheld {
		return nil
	}
	return p
}
