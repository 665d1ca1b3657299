package gen

import (
	"cmp"
	"context"
)

// Analyze reads the packages that match the patterns and returns the models of those that
// have directives and no mistakes, sorted by import path. The diagnostics are all that is
// wrong in all packages, sorted. The error is for what isn't the sources' fault.
func Analyze(ctx context.Context, opts Options) ([]*Package, []Diagnostic, error) {
	u, roots, err := read(ctx, opts)
	if err != nil || len(roots) == 0 {
		return nil, nil, cmp.Or(ctx.Err(), err)
	}
	var models []*Package
	var diagnostics []Diagnostic
	for _, root := range roots {
		done := opts.clock(StageCheck, root.path)
		r := newReporter(u.fset, root.types)
		model, err := analyzePackage(u, root, r)
		done()
		if err != nil {
			return nil, nil, err
		}
		diagnostics = append(diagnostics, collected(r)...)
		if model != nil {
			models = append(models, model)
		}
	}
	return models, sortDiagnostics(diagnostics), nil
}

// analyzePackage parses, models and checks a package. It returns its model; nil if there are
// diagnostics, or no directives.
func analyzePackage(u *universe, l *loaded, r *reporter) (*Package, error) {
	if readable, err := l.checkFiles(r); err != nil || !readable {
		return nil, err
	}
	s := parseSource(r, l.handwritten)
	l.checkLeftOver(r, s)
	if s.empty() {
		return nil, nil
	}
	m := newModeler(r, s, u)
	m.info, m.errors = l.info, l.typeErrors
	m.model()
	p := m.result(prefixOf(l.name, l.dir))
	p.Dir, p.Fset = l.dir, u.fset
	m.checkNames(p)
	l.checkOutput(r, p)
	if len(r.diagnostics) > 0 || m.withheld {
		return nil, nil
	}
	return p, nil
}
