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

// checkJSON reports a type whose values don't survive being stored, and gives the advice with that. It reports one
// type once, as all other places are only its consequence.
func (c *checker) checkJSON(t types.Type, pos token.Pos, subject, advice string) bool {
	_, err := jsonshape.Of(t)
	if err == nil {
		return c.checkDroppedFields(t, pos, subject)
	}
	if c.firstReport("json", types.TypeString(t, nil)) {
		at := pos
		if named, ok := types.Unalias(typeutil.Deref(t)).(*types.Named); ok && named.Obj().Pkg() == c.Pkg && !c.isImported() {
			at = named.Obj().Pos()
		}
		d := c.Report(diag.CodeNotJSON, at, "%s: type %s can't be stored as JSON: %v%s", subject, c.TypeString(t), err, advice)
		if at != pos {
			d.Relate(pos, "it is used here")
		}
	}
	return false
}

// checkFields reports the fields that would be lost when a value of that type is stored. It reports each once.
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
			c.Report(diag.CodeNotJSON, field.Field.Pos(), "%s: %s %s, so encoding/json omits it: %s, or tag it json:\"-\" if it may be lost", subject, field.Path, why, advice).
				Relate(pos, "it is used here")
		}
	}
	return len(dropped) == 0
}

// isWrittenHere reports whether a field stands in a file of the package that people write.
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
