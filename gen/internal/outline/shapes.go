package outline

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
	"unicode"

	"github.com/sagagen/sagagen/gen/internal/jsonshape"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
)

// Shapes has the shapes of the inputs and outputs of a package's own actions.
type Shapes struct {
	// Constants are the shapes of named types, sorted by name. The generated
	// file declares a constant for each.
	Constants []ShapeConstant
	pkg       *types.Package
}

// ShapeConstant is the constant for the shape of a named type.
type ShapeConstant struct {
	Name string
	typ  types.Type
	Text string
}

// NewShapes computes the shapes of p. The error is about the first type that
// has none; the result has the shapes of the others.
func NewShapes(p *model.Package) (*Shapes, error) {
	s := &Shapes{pkg: p.Types}
	var firstErr error
	add := func(t types.Type) {
		text, err := jsonshape.Of(t)
		named, isNamed := types.Unalias(t).(*types.Named)
		switch {
		case err != nil && firstErr == nil:
			firstErr = fmt.Errorf("type %s: %w", types.TypeString(t, nil), err)
		case err == nil && isNamed && s.Constant(named) == nil:
			s.Constants = append(s.Constants, ShapeConstant{typ: named, Text: text})
		}
	}
	for _, a := range p.Actions {
		for _, in := range a.Inputs {
			add(in.Type)
		}
		if a.Output != nil {
			add(a.Output)
		}
	}
	// The types of this package come first and keep their names if others
	// clash.
	slices.SortStableFunc(s.Constants, func(a, b ShapeConstant) int { return strings.Compare(s.sortKey(a), s.sortKey(b)) })
	taken := map[string]bool{}
	for i := range s.Constants {
		c := &s.Constants[i]
		c.Name = naming.Unique("shape"+typeWords(types.TypeString(c.typ, s.qualify)), func(name string) bool { return taken[name] })
		taken[c.Name] = true
	}
	slices.SortFunc(s.Constants, func(a, b ShapeConstant) int { return strings.Compare(a.Name, b.Name) })
	return s, firstErr
}

func (s *Shapes) sortKey(c ShapeConstant) string {
	if c.typ.(*types.Named).Obj().Pkg() == s.pkg {
		return "0" + types.TypeString(c.typ, nil)
	}
	return "1" + types.TypeString(c.typ, nil)
}

func (s *Shapes) qualify(pkg *types.Package) string {
	if pkg == s.pkg {
		return ""
	}
	return pkg.Name()
}

// Constant returns the constant for t, or nil if there is none.
func (s *Shapes) Constant(t types.Type) *ShapeConstant {
	for i := range s.Constants {
		if types.Identical(s.Constants[i].typ, t) {
			return &s.Constants[i]
		}
	}
	return nil
}

// typeWords returns the text of a type as a part of a Go name: "time.Time"
// becomes "TimeTime".
func typeWords(text string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
		b.WriteString(naming.Capitalized(word))
	}
	return b.String()
}
