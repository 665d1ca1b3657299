package check

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/jsonshape"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// mayBeTool reports whether a type is likely to be that of a client, or of something else that is no data.
func mayBeTool(t types.Type) bool {
	if typeutil.IsError(t) {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Interface, *types.Signature, *types.Chan:
		return true
	}
	return false
}

// checkJSON reports a type whose values don't survive being stored, and gives the advice with that. It reports one
// type once, as all other places are only its consequence.
func (m *checker) checkJSON(t types.Type, pos token.Pos, what, advice string) bool {
	_, err := jsonshape.Of(t)
	if err == nil {
		return m.checkFields(t, pos, what)
	}
	if m.first("json", types.TypeString(t, nil)) {
		at := pos
		if named, ok := types.Unalias(typeutil.Deref(t)).(*types.Named); ok && named.Obj().Pkg() == m.Pkg && !m.foreign() {
			at = named.Obj().Pos()
		}
		d := m.Report(diag.CodeNotJSON, at, "%s: type %s can't be stored as JSON: %v%s", what, m.TypeString(t), err, advice)
		if at != pos {
			d.Relate(pos, "it is used here")
		}
	}
	return false
}

// checkFields reports the fields that would be lost when a value of that type is stored. It reports each once.
func (m *checker) checkFields(t types.Type, pos token.Pos, what string) bool {
	if m.foreign() {
		return true
	}
	dropped := jsonshape.DroppedFields(t, m.isWrittenHere)
	for _, l := range dropped {
		if m.first("lost", m.Fset.Position(l.Field.Pos()).String()) {
			why, do := "is not exported", "export it"
			if l.By != "" {
				why, do = "has the same JSON name as "+l.By, "rename it with a json tag"
			}
			m.Report(diag.CodeNotJSON, l.Field.Pos(), "%s: %s %s, so encoding/json omits it: %s, or tag it json:\"-\" if it may be lost", what, l.Path, why, do).
				Relate(pos, "it is used here")
		}
	}
	return len(dropped) == 0
}

// isWrittenHere reports whether a field stands in a file of the package that people write.
func (m *checker) isWrittenHere(field *types.Var) bool {
	if field.Pkg() != m.Pkg {
		return false
	}
	for _, f := range m.Files {
		if within(field.Pos(), f) {
			return !ast.IsGenerated(f)
		}
	}
	return false
}
