// Package vet has the checks of package gen as an analysis, for the programs that run such: go vet and go fix, through
// sagagen vet, and golangci-lint.
//
// An analysis sees one package at a time, and most programs that run one skip a package that doesn't compile. So does go
// vet with one that uses what sagagen has yet to generate. What is found in the others is what sagagen -check finds.
package vet

import (
	"go/token"
	"go/types"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/txtar"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/diag"
)

const docs = "https://github.com/sagagen/sagagen/blob/main/docs/"

// Analyzer reports the mistakes in //saga: directives, each with its code as the category and a link to the page about it, and
// generated files that are out of date or missing. Where it is clear what is meant, it suggests a fix.
var Analyzer = &analysis.Analyzer{
	Name: "sagagen",
	Doc: `check the //saga: directives, and that the code generated from them is up to date

What is wrong ends in a code; sagagen explain <code> says more. The categories missing and outdated
are about generated files, which sagagen writes.`,
	URL:       docs + "diagnostics.md",
	FactTypes: []analysis.Fact{new(directives)},
	// It finds types anew, without the generated file, and says what is wrong only where a directive is concerned.
	RunDespiteErrors: true,
	Run:              run,
}

// directives is the fact of a package that has any, as [gen.PassResult] has it.
type directives struct{ Archive string }

// AFact implements analysis.Fact.
func (*directives) AFact() {}

// String names the files.
func (d *directives) String() string {
	var names []string
	for _, f := range txtar.Parse([]byte(d.Archive)).Files {
		names = append(names, f.Name)
	}
	return "directives in " + strings.Join(names, ", ")
}

func run(pass *analysis.Pass) (any, error) {
	read := gen.Pass{
		Fset: pass.Fset, Files: pass.Files, Ignored: pass.IgnoredFiles, ReadFile: pass.ReadFile,
		Imports: pass.Pkg.Imports(), GoVersion: pass.Pkg.GoVersion(), Sizes: pass.TypesSizes,
	}
	read.Path, _, _ = strings.Cut(pass.Pkg.Path(), " ") // behind which may be the test that it is built for
	read.Fact = func(imported *types.Package) string {
		var d directives
		pass.ImportPackageFact(imported, &d)
		return d.Archive
	}
	result, err := gen.CheckPass(read)
	if err != nil {
		return nil, err
	}
	if result.Fact != "" {
		pass.ExportPackageFact(&directives{result.Fact})
	}
	r := newReporter(pass)
	for _, d := range result.Diagnostics {
		r.diagnostic(d)
	}
	for _, f := range result.Files {
		if f.Changed {
			r.outOfDate(f, result.First)
		}
	}
	return nil, nil
}

// reporter turns what is found into positions of a pass.
type reporter struct {
	pass  *analysis.Pass
	files map[string]*token.File
}

func newReporter(pass *analysis.Pass) *reporter {
	r := &reporter{pass: pass, files: map[string]*token.File{}}
	for _, f := range pass.Files {
		file := pass.Fset.File(f.FileStart)
		r.files[file.Name()] = file
	}
	return r
}

// pos returns the position of a byte of a file, and one that isn't valid for a file of another package.
func (r *reporter) pos(name string, offset int) token.Pos {
	file := r.files[name]
	if file == nil {
		return token.NoPos
	}
	return file.Pos(min(offset, file.Size()))
}

func (r *reporter) diagnostic(d diag.Diagnostic) {
	found := analysis.Diagnostic{
		Pos: r.pos(d.Pos.Filename, d.Pos.Offset), Category: string(d.Code),
		Message: d.Message + " [" + string(d.Code) + "]",
		URL:     docs + "diagnostics.md#" + strings.ToLower(string(d.Code)),
	}
	for _, related := range d.Related {
		if pos := r.pos(related.Pos.Filename, related.Pos.Offset); pos.IsValid() {
			found.Related = append(found.Related, analysis.RelatedInformation{Pos: pos, Message: related.Message})
		}
	}
	for _, fix := range d.Fixes {
		suggested := analysis.SuggestedFix{Message: fix.Message}
		for _, e := range fix.Edits {
			suggested.TextEdits = append(suggested.TextEdits, analysis.TextEdit{
				Pos: r.pos(e.Filename, e.Start), End: r.pos(e.Filename, e.End), NewText: []byte(e.New),
			})
		}
		found.SuggestedFixes = append(found.SuggestedFixes, suggested)
	}
	r.pass.Report(found)
}

// outOfDate reports a generated file at the first directive, as many programs leave out what is reported in generated files.
func (r *reporter) outOfDate(f gen.File, at token.Pos) {
	name := filepath.Base(f.Path)
	found := analysis.Diagnostic{
		Pos: at, Category: "missing", URL: docs + "editors-and-ci.md#checking",
		Message: "generated file " + name + " is missing; run sagagen",
	}
	if file := r.files[f.Path]; !f.Missing() && file != nil {
		found.Category = "outdated"
		found.Message = "generated file " + name + " is out of date; run sagagen"
		line := min(f.FirstChange(), file.LineCount())
		found.Related = []analysis.RelatedInformation{{Pos: file.LineStart(line), Message: "the first line that differs is here"}}
	}
	r.pass.Report(found)
}
