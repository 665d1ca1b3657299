// Package vet provides the checks of package gen as an analysis.Analyzer. It
// runs under go vet and go fix, through sagagen vet, and in golangci-lint.
//
// An analysis sees one package at a time. Most drivers skip packages that don't
// compile, such as packages that use code that isn't generated yet. In all
// other packages, the analysis finds the same mistakes as sagagen -check.
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

// Analyzer reports mistakes in //saga: directives, and generated files that are
// missing or out of date. The category of a diagnostic is its code, or
// "missing" or "outdated". The URL is the page about it. Where the intention is
// clear, the diagnostic has a suggested fix.
var Analyzer = &analysis.Analyzer{
	Name: "sagagen",
	Doc: `check //saga: directives and that the generated code is up to date

Each diagnostic ends with a code, which "sagagen explain <code>" explains. The
categories missing and outdated are about generated files; run sagagen to write
them.`,
	URL:       docs + "diagnostics.md",
	FactTypes: []analysis.Fact{new(directives)},
	// Type errors don't matter: gen checks the types again without the
	// generated file, and reports only errors that concern directives.
	RunDespiteErrors: true,
	Run:              run,
}

// directives is a fact about a package: an archive of its files with
// directives, as [gen.PassResult] returns it.
type directives struct{ Archive string }

// AFact implements analysis.Fact.
func (*directives) AFact() {}

// String returns the names of the files.
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
	// A space and the name of a test follow if the package is built for it.
	read.Path, _, _ = strings.Cut(pass.Pkg.Path(), " ")
	read.Fact = func(imported *types.Package) string {
		var fact directives
		pass.ImportPackageFact(imported, &fact)
		return fact.Archive
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

// reporter converts diagnostics of gen to those of a pass.
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

// pos returns the position of an offset in a file. It returns token.NoPos for a
// file of another package.
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

// outOfDate reports a generated file at the first directive, because many
// drivers hide diagnostics in generated files.
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
		found.Related = []analysis.RelatedInformation{{Pos: file.LineStart(line), Message: "first line that differs"}}
	}
	r.pass.Report(found)
}
