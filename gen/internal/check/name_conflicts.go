package check

import (
	"go/token"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/outline"
)

// checkNames reports hand-written declarations of names that the generated file
// declares or uses, and names that it would declare twice.
func (c *checker) checkNames(p *model.Package) {
	seen := map[string]model.GeneratedName{}
	for _, n := range outline.Names(p) {
		if obj := p.Types.Scope().Lookup(n.Name); obj != nil && n.Predeclared {
			c.Report(diag.CodeGeneratedNameClash, obj.Pos(),
				"%s shadows %s of the same name, which the generated file uses; rename it", n.Name, n.What)
			continue
		} else if obj != nil {
			c.Report(diag.CodeGeneratedNameClash, obj.Pos(),
				"%s conflicts with the generated name of %s; rename this declaration", n.Name, n.What)
			continue
		}
		first, twice := seen[n.Name]
		if !twice {
			seen[n.Name] = n
			continue
		}
		if first.What == n.What {
			continue
		}
		if n.Node == nil && first.Node != nil {
			n, first = first, n
		}
		code := diag.CodeGeneratedNameClash
		if n.Node != nil {
			code = diag.CodeGeneratedMethodName
		}
		c.Report(code, c.origin(n),
			"%s would be the generated name of both %s and %s; rename the type, action or node behind one of them",
			n.Name, first.What, n.What)
	}
}

// origin returns the position of the declaration that a generated name is
// derived from.
func (c *checker) origin(n model.GeneratedName) token.Pos {
	switch {
	case n.Node != nil:
		return n.Node.Pos
	case n.Saga != nil:
		return n.Saga.Params.Pos()
	case n.Action != nil:
		return c.actions[n.Action.Name].do.namePos()
	}
	return c.Files[0].Name.Pos()
}
