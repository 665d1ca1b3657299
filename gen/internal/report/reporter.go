// Package report collects the diagnostics of one package while it is parsed and
// checked.
package report

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
)

// Reporter collects the diagnostics of a package. It is not safe for concurrent
// use.
type Reporter struct {
	// Fset resolves positions.
	Fset *token.FileSet
	// Pkg is the package; messages write its types without a qualifier.
	Pkg *types.Package
	// Diagnostics are the diagnostics so far, in the order in which they were
	// reported.
	Diagnostics []*diag.Diagnostic
	// Raw makes positions refer to the files that the compiler reads: line
	// directives are ignored.
	Raw bool
}

// New returns a reporter for a package.
func New(fset *token.FileSet, pkg *types.Package) *Reporter {
	return &Reporter{Fset: fset, Pkg: pkg}
}

// Report adds a diagnostic. Related positions and fixes can be added to the
// result.
func (r *Reporter) Report(code diag.Code, pos token.Pos, format string, args ...any) *Positioned {
	d := &diag.Diagnostic{Code: code, Pos: r.position(pos), Message: fmt.Sprintf(format, args...)}
	r.Diagnostics = append(r.Diagnostics, d)
	return &Positioned{d, r}
}

func (r *Reporter) position(pos token.Pos) token.Position { return r.Fset.PositionFor(pos, !r.Raw) }

// TypeString returns a type as the package's own sources write it.
func (r *Reporter) TypeString(t types.Type) string {
	return types.TypeString(t, func(pkg *types.Package) string {
		if pkg == r.Pkg {
			return ""
		}
		return pkg.Name()
	})
}

// TypeStrings returns two different types as texts that differ: if TypeString
// doesn't tell them apart, with full import paths.
func (r *Reporter) TypeStrings(a, b types.Type) (string, string) {
	if s, t := r.TypeString(a), r.TypeString(b); s != t {
		return s, t
	}
	return types.TypeString(a, nil), types.TypeString(b, nil)
}

// Positioned is a reported diagnostic, to which related positions and fixes can
// be added.
type Positioned struct {
	*diag.Diagnostic
	*Reporter
}

// Relate adds a related position. It does nothing if pos is not valid.
func (p *Positioned) Relate(pos token.Pos, message string) {
	if pos.IsValid() {
		p.Related = append(p.Related, diag.Related{Pos: p.position(pos), Message: message})
	}
}

// Suggest adds a fix that replaces the n bytes at pos by text. It does nothing
// if pos is in a file that a tool such as cgo has derived from the source.
func (p *Positioned) Suggest(message string, pos token.Pos, n int, text string) {
	file := p.Fset.File(pos)
	if file == nil || p.Fset.Position(pos).Filename != file.Name() {
		return
	}
	start := file.Offset(pos)
	edit := diag.Edit{Filename: file.Name(), Start: start, End: start + n, New: text}
	p.Fixes = append(p.Fixes, diag.Fix{Message: message, Edits: []diag.Edit{edit}})
}

// Replace adds a fix that replaces a text at pos by another one.
func (p *Positioned) Replace(pos token.Pos, text, with string) {
	p.Suggest("Write "+with, pos, len(text), with)
}

// InsertAfter adds a fix that inserts a declaration below the line of end.
func (p *Positioned) InsertAfter(message string, end token.Pos, text string) {
	file := p.Fset.File(end)
	if line := file.Line(end); line < file.LineCount() {
		end = file.LineStart(line+1) - 1
	}
	p.Suggest(message, end, 0, "\n\n"+text)
}

// Collected returns the diagnostics of a reporter, sorted as by Sort.
func Collected(r *Reporter) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, d := range r.Diagnostics {
		list = append(list, *d)
	}
	return Sort(list)
}

// Sort sorts diagnostics by position, code and message, and drops duplicates.
// It reuses the slice.
func Sort(diagnostics []diag.Diagnostic) []diag.Diagnostic {
	slices.SortStableFunc(diagnostics, compare)
	return slices.CompactFunc(diagnostics, func(a, b diag.Diagnostic) bool { return compare(a, b) == 0 })
}

func compare(a, b diag.Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.Pos.Filename, b.Pos.Filename),
		cmp.Compare(a.Pos.Line, b.Pos.Line),
		cmp.Compare(a.Pos.Column, b.Pos.Column),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Message, b.Message),
	)
}
