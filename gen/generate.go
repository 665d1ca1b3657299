package gen

import (
	"cmp"
	"context"
	"os"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/check"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// Result is the result of a run.
type Result struct {
	// Diagnostics are all mistakes in the sources, sorted by position. A
	// package that has one is in neither Files nor Packages, and its generated
	// file stays as it is.
	Diagnostics []diag.Diagnostic
	// Files are the generated files, one for each package that has directives
	// and no mistakes, sorted by import path. Analyze returns none.
	Files []File
	// Packages are the models of the same packages, in the same order. They are
	// for package inspect.
	Packages []*model.Package
}

// Generate checks the packages that the options name and writes the generated
// file of each package that has directives and no mistakes. A file that is up
// to date is not written. Mistakes in the sources are returned as diagnostics.
// The error is for all other failures, such as a full disk; Result.Files then
// has the files that were written.
func Generate(ctx context.Context, opts Options) (Result, error) {
	result, err := Check(ctx, opts)
	if err != nil {
		return result, err
	}
	for i, f := range result.Files {
		if !f.Changed {
			continue
		}
		done := opts.clock("write", f.Path)
		if err := writeFile(f.Path, f.Content); err != nil {
			result.Files = result.Files[:i]
			return result, err
		}
		done()
	}
	return result, nil
}

// Check is Generate without writing. Generate would write the files that are
// Changed.
func Check(ctx context.Context, opts Options) (Result, error) {
	result, err := Analyze(ctx, opts)
	if err != nil {
		return Result{}, err
	}
	for _, p := range result.Packages {
		done := opts.clock("emit", p.Path)
		f, err := emitFile(p, os.ReadFile)
		if err != nil {
			return result, err
		}
		result.Files = append(result.Files, f)
		done()
	}
	return result, nil
}

// Analyze is Check without the generated files.
func Analyze(ctx context.Context, opts Options) (Result, error) {
	universe, packages, err := load.Load(ctx, opts.load())
	if err != nil || len(packages) == 0 {
		return Result{}, cmp.Or(ctx.Err(), err)
	}
	var result Result
	run := check.NewRun(universe)
	for _, pkg := range packages {
		done := opts.clock("check", pkg.Path)
		r := report.New(universe.Fset, pkg.Types)
		p, err := analyze(run, pkg, r)
		done()
		if err != nil {
			return Result{}, err
		}
		result.Diagnostics = append(result.Diagnostics, report.Collected(r)...)
		if p != nil {
			result.Packages = append(result.Packages, p)
		}
	}
	result.Diagnostics = report.Sort(result.Diagnostics)
	return result, nil
}

// analyze collects the directives of a loaded package and builds its model. It
// returns nil if it has reported a mistake, or if the package has no
// directives.
func analyze(run *check.Run, pkg *load.Package, r *report.Reporter) (*model.Package, error) {
	readable, err := check.Files(r, pkg)
	if err != nil || !readable {
		return nil, err
	}
	source := annotation.Collect(r, pkg.Handwritten)
	return run.Check(r, pkg, source), nil
}
