package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"sort"
)

// Diagnostic is one thing that is wrong in the sources, told so that it can be mended.
type Diagnostic struct {
	// Code is stable, as in "SG012".
	Code Code
	// Pos is the argument, the parameter or the name concerned.
	Pos token.Position
	// Message says what is wrong, what was found and what to do, in one line.
	Message string
	// Related are other places that matter, such as the first of two duplicates.
	Related []Related
	// Fixes are changes that mend it, of which one is to be taken, the likeliest first. Most diagnostics have none.
	Fixes []Fix
}

// Related is another place that matters to a Diagnostic.
type Related struct {
	Pos     token.Position
	Message string
}

// Code identifies a kind of diagnostic.
type Code string

// String returns the diagnostic as file:line:col: message [code].
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s: %s [%s]", d.Pos, d.Message, d.Code)
}

// reporter collects the diagnostics of a package.
type reporter struct {
	fset        *token.FileSet
	diagnostics []*Diagnostic
	pkg         *types.Package
	// raw says that positions are those in the files that the compiler reads, whatever their line directives say.
	raw bool
}

func newReporter(fset *token.FileSet, pkg *types.Package) *reporter {
	return &reporter{fset: fset, pkg: pkg}
}

// report adds a diagnostic at a position.
func (r *reporter) report(code Code, pos token.Pos, format string, args ...any) *positioned {
	d := &Diagnostic{Code: code, Pos: r.position(pos), Message: fmt.Sprintf(format, args...)}
	r.diagnostics = append(r.diagnostics, d)
	return &positioned{d, r}
}

func (r *reporter) position(pos token.Pos) token.Position { return r.fset.PositionFor(pos, !r.raw) }

// typeString writes a type as the package's own sources would.
func (r *reporter) typeString(t types.Type) string {
	return types.TypeString(t, func(pkg *types.Package) string {
		if pkg == r.pkg {
			return ""
		}
		return pkg.Name()
	})
}

// typeStrings writes two different types so that they can be told apart.
func (r *reporter) typeStrings(a, b types.Type) (string, string) {
	if s, t := r.typeString(a), r.typeString(b); s != t {
		return s, t
	}
	return types.TypeString(a, nil), types.TypeString(b, nil)
}

// positioned is a Diagnostic that other places and fixes can be added to.
type positioned struct {
	*Diagnostic
	*reporter
}

// relate adds another place that matters.
func (p *positioned) relate(pos token.Pos, message string) {
	if pos.IsValid() {
		p.Related = append(p.Related, Related{Pos: p.position(pos), Message: message})
	}
}

// collected returns what was reported, sorted.
func collected(r *reporter) []Diagnostic {
	var list []Diagnostic
	for _, d := range r.diagnostics {
		list = append(list, *d)
	}
	return sortDiagnostics(list)
}

// sortDiagnostics sorts by position, code and message, and drops what is told twice.
func sortDiagnostics(ds []Diagnostic) []Diagnostic {
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
