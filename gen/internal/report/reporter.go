package report

import (
	"fmt"
	"go/token"
	"go/types"
	"sort"

	"github.com/sagagen/sagagen/gen/diag"
)

// Reporter collects the diagnostics of a package.
type Reporter struct {
	Fset        *token.FileSet
	Diagnostics []*diag.Diagnostic
	Pkg         *types.Package
	// Raw says that positions are those in the files that the compiler reads, whatever their line directives say.
	Raw bool
}

func New(fset *token.FileSet, pkg *types.Package) *Reporter {
	return &Reporter{Fset: fset, Pkg: pkg}
}

// Report adds a diagnostic at a position.
func (r *Reporter) Report(code diag.Code, pos token.Pos, format string, args ...any) *Positioned {
	d := &diag.Diagnostic{Code: code, Pos: r.position(pos), Message: fmt.Sprintf(format, args...)}
	r.Diagnostics = append(r.Diagnostics, d)
	return &Positioned{d, r}
}

func (r *Reporter) position(pos token.Pos) token.Position { return r.Fset.PositionFor(pos, !r.Raw) }

// TypeString writes a type as the package's own sources would.
func (r *Reporter) TypeString(t types.Type) string {
	return types.TypeString(t, func(pkg *types.Package) string {
		if pkg == r.Pkg {
			return ""
		}
		return pkg.Name()
	})
}

// TypeStrings writes two different types so that they can be told apart.
func (r *Reporter) TypeStrings(a, b types.Type) (string, string) {
	if s, t := r.TypeString(a), r.TypeString(b); s != t {
		return s, t
	}
	return types.TypeString(a, nil), types.TypeString(b, nil)
}

// Positioned is a Diagnostic that other places and fixes can be added to.
type Positioned struct {
	*diag.Diagnostic
	*Reporter
}

// Relate adds another place that matters.
func (p *Positioned) Relate(pos token.Pos, message string) {
	if pos.IsValid() {
		p.Related = append(p.Related, diag.Related{Pos: p.position(pos), Message: message})
	}
}

// Collected returns what was reported, sorted.
func Collected(r *Reporter) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, d := range r.Diagnostics {
		list = append(list, *d)
	}
	return Sort(list)
}

// Suggest adds a fix that replaces the n bytes at a position.
func (p *Positioned) Suggest(message string, pos token.Pos, n int, text string) {
	file := p.Fset.File(pos)
	if file == nil || p.Fset.Position(pos).Filename != file.Name() {
		return // what was compiled isn't what somebody wrote, as with cgo
	}
	start := file.Offset(pos)
	p.Fixes = append(p.Fixes, diag.Fix{Message: message, Edits: []diag.Edit{{Filename: file.Name(), Start: start, End: start + n, New: text}}})
}

// Replace suggests to write something else in place of a text.
func (p *Positioned) Replace(pos token.Pos, text, with string) {
	p.Suggest("Write "+with, pos, len(text), with)
}

// InsertAfter suggests to add a declaration behind the line on which a node ends.
func (p *Positioned) InsertAfter(message string, end token.Pos, text string) {
	file := p.Fset.File(end)
	if line := file.Line(end); line < file.LineCount() {
		end = file.LineStart(line+1) - 1
	}
	p.Suggest(message, end, 0, "\n\n"+text)
}

// Sort sorts by position, code and message, and drops what is told twice.
func Sort(ds []diag.Diagnostic) []diag.Diagnostic {
	sort.SliceStable(ds, func(i, j int) bool {
		a, b := ds[i], ds[j]
		switch {
		case a.Pos.Filename != b.Pos.Filename:
			return a.Pos.Filename < b.Pos.Filename
		case a.Pos.Line != b.Pos.Line:
			return a.Pos.Line < b.Pos.Line
		case a.Pos.Column != b.Pos.Column:
			return a.Pos.Column < b.Pos.Column
		case a.Code != b.Code:
			return a.Code < b.Code
		}
		return a.Message < b.Message
	})
	kept := ds[:0]
	for i, d := range ds {
		if i == 0 || d.Pos != kept[len(kept)-1].Pos || d.Code != kept[len(kept)-1].Code || d.Message != kept[len(kept)-1].Message {
			kept = append(kept, d)
		}
	}
	return kept
}
