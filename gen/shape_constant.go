package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
	"unicode"
)

// shapes holds the shapes of the inputs and outputs of a package's own actions.
type shapes struct {
	// constants are those of the named types, sorted by name; the generated file declares them.
	constants []shapeConstant
	pkg       *types.Package
}

// shapeConstant is the constant that holds the shape of a named type.
type shapeConstant struct {
	name string
	typ  types.Type
	text string
}

// newShapes finds the shapes of p. The error tells the first type that has none.
func newShapes(p *Package) (*shapes, error) {
	s := &shapes{pkg: p.Types}
	var firstErr error
	add := func(t types.Type) {
		text, err := shapeOf(t)
		named, isNamed := types.Unalias(t).(*types.Named)
		switch {
		case err != nil && firstErr == nil:
			firstErr = fmt.Errorf("type %s: %w", types.TypeString(t, nil), err)
		case err == nil && isNamed && s.constant(named) == nil:
			s.constants = append(s.constants, shapeConstant{typ: named, text: text})
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
	// Types of this package are named before those of others, which give way.
	slices.SortStableFunc(s.constants, func(a, b shapeConstant) int { return strings.Compare(s.sortKey(a), s.sortKey(b)) })
	taken := map[string]bool{}
	for i := range s.constants {
		c := &s.constants[i]
		c.name = unique("shape"+typeWords(types.TypeString(c.typ, s.qualify)), func(name string) bool { return taken[name] })
		taken[c.name] = true
	}
	slices.SortFunc(s.constants, func(a, b shapeConstant) int { return strings.Compare(a.name, b.name) })
	return s, firstErr
}

func (s *shapes) sortKey(c shapeConstant) string {
	if c.typ.(*types.Named).Obj().Pkg() == s.pkg {
		return "0" + types.TypeString(c.typ, nil)
	}
	return "1" + types.TypeString(c.typ, nil)
}

func (s *shapes) qualify(pkg *types.Package) string {
	if pkg == s.pkg {
		return ""
	}
	return pkg.Name()
}

// constant returns the constant of t, or nil if it has none.
func (s *shapes) constant(t types.Type) *shapeConstant {
	for i := range s.constants {
		if types.Identical(s.constants[i].typ, t) {
			return &s.constants[i]
		}
	}
	return nil
}

// typeWords makes a Go name of a type's text: "time.Time" becomes "TimeTime".
func typeWords(text string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
		b.WriteString(capitalized(word))
	}
	return b.String()
}
