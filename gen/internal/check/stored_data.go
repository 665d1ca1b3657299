package check

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/jsonshape"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// looksLikeDependency reports whether a type is likely to be that of a client
// or another dependency, rather than data.
func looksLikeDependency(t types.Type) bool {
	if typeutil.IsError(t) {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Interface, *types.Signature, *types.Chan:
		return true
	}
	return false
}

// checkJSON reports whether values of a type can be stored. If not, it reports
// why, with the advice. It reports a type once, and not at every place where
// the type is used.
func (c *checker) checkJSON(t types.Type, pos token.Pos, subject, advice string) bool {
	_, err := jsonshape.Of(t)
	if err == nil {
		return c.checkDroppedFields(t, pos, subject)
	}
	if c.firstReport("json", types.TypeString(t, nil)) {
		at := pos
		named, ok := types.Unalias(typeutil.Deref(t)).(*types.Named)
		if ok && named.Obj().Pkg() == c.Pkg && !c.isImported() {
			at = named.Obj().Pos()
		}
		d := c.Report(diag.CodeNotJSON, at, "%s: type %s can't be stored as JSON: %v%s",
			subject, c.TypeString(t), err, advice)
		if at != pos {
			d.Relate(pos, "it is used here")
		}
	}
	return false
}

// checkDroppedFields reports whether storing values of a type keeps all fields.
// If not, it reports each field that is dropped, once.
func (c *checker) checkDroppedFields(t types.Type, pos token.Pos, subject string) bool {
	if c.isImported() {
		return true
	}
	dropped := jsonshape.DroppedFields(t, c.isHandwritten)
	for _, field := range dropped {
		if c.firstReport("lost", c.Fset.Position(field.Field.Pos()).String()) {
			why, advice := "is not exported", "export it"
			if field.By != "" {
				why, advice = "has the same JSON name as "+field.By, "rename it with a json tag"
			}
			c.Report(diag.CodeNotJSON, field.Field.Pos(),
				"%s: %s %s, so encoding/json omits it: %s, or tag it json:\"-\" if it may be lost",
				subject, field.Path, why, advice).
				Relate(pos, "it is used here")
		}
	}
	return len(dropped) == 0
}

// isHandwritten reports whether a field is declared in this package, in a file
// that is not generated.
func (c *checker) isHandwritten(field *types.Var) bool {
	if field.Pkg() != c.Pkg {
		return false
	}
	for _, f := range c.Files {
		if within(field.Pos(), f) {
			return !ast.IsGenerated(f)
		}
	}
	return false
}
