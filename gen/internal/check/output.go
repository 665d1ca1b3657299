package check

import (
	"fmt"
	"go/token"
	"path/filepath"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// checkOutput reports a hand-written file that has the name of the generated
// file.
func checkOutput(r *report.Reporter, pkg *load.Package, p *model.Package) {
	for _, f := range pkg.Handwritten {
		if name := r.Fset.File(f.FileStart).Name(); filepath.Base(name) == p.Prefix+model.Suffix {
			r.Report(diag.CodeOutputNotGenerated, f.Package,
				"%s is the name of the generated file, but this file doesn't begin with %q; rename it",
				filepath.Base(name), model.Header)
		}
	}
}

// checkLeftOver reports generated files that sagagen wouldn't write anymore:
// files of another name, or all of them if the package has no directives. It
// doesn't report the latter if directives were dropped, or if files that aren't
// compiled with these build tags may have some.
func checkLeftOver(r *report.Reporter, pkg *load.Package, source *annotation.Source) {
	withoutDirectives := source.Empty() && len(r.Diagnostics) == 0 && !pkg.Partial
	for _, name := range pkg.GeneratedFiles {
		d := &diag.Diagnostic{Code: diag.CodeLeftOver, Pos: token.Position{Filename: name, Line: 1, Column: 1}}
		output := model.Prefix(pkg.Name, pkg.Dir) + model.Suffix
		switch {
		case withoutDirectives:
			d.Message = "this file was generated when the package had directives, but now it has none; delete it"
		case !source.Empty() && filepath.Base(name) != output:
			d.Message = fmt.Sprintf(
				"this file was generated when the package had another name, but now its code is in %s; delete it",
				output)
		default:
			continue
		}
		r.Diagnostics = append(r.Diagnostics, d)
	}
}
