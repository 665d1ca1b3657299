package check

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// suggestUndo adds a fix that inserts an undo function for an action. Its
// parameters are the contexts of the do function and the output, or all
// parameters of the do function if there is no output.
func (c *checker) suggestUndo(d *report.Positioned, a *actionModel) {
	do := a.do
	prefix, receiver := "undo", ""
	if token.IsExported(do.name()) {
		prefix = "Undo"
	}
	if do.Decl.Recv != nil {
		field := do.Decl.Recv.List[0]
		receiver = typeutil.SourceText(c.Fset, field.Type)
		if len(field.Names) > 0 {
			receiver = field.Names[0].Name + " " + receiver
		}
		receiver = "(" + receiver + ") "
	}
	name := c.unusedName(prefix+naming.UpperFirst(do.name()), do.sig().Recv())
	text := fmt.Sprintf("//saga:undo %s\nfunc %s%s(%s) error {\n\tpanic(\"%s is not implemented\")\n}",
		a.name, receiver, name, strings.Join(c.undoParameters(do, a.name), ", "), name)
	d.InsertAfter("Add the undo function "+name, do.Decl.End(), text)
}

func (c *checker) undoParameters(do *function, action string) []string {
	var params []string
	taken := map[string]bool{}
	i := 0
	for _, field := range do.Decl.Type.Params.List {
		for n := range max(1, len(field.Names)) {
			v, name := do.sig().Params().At(i), "_"
			i++
			if len(field.Names) > 0 {
				name = field.Names[n].Name
			}
			if do.output == nil || c.isContextual(v.Type()) {
				params = append(params, name+" "+typeutil.SourceText(c.Fset, field.Type))
				taken[name] = true
			}
		}
	}
	if do.output != nil {
		if recv := do.sig().Recv(); recv != nil {
			taken[recv.Name()] = true
		}
		name := naming.Unique(naming.IdentOf(action), func(s string) bool { return taken[s] || token.IsKeyword(s) })
		params = append(params, name+" "+typeutil.SourceText(c.Fset, do.Decl.Type.Results.List[0].Type))
	}
	return params
}

// isContextual reports whether a parameter type is one of the contexts, and so
// the parameter is not an input.
func (c *checker) isContextual(t types.Type) bool {
	return typeutil.IsNamed(t, "context", "Context") || typeutil.IsNamed(t, typeutil.RuntimePath, "ActionContext") ||
		c.app != nil && types.Identical(t, c.app)
}

// suggestDo adds a fix that inserts a do function for an action that a saga
// names, below the parameter type of the saga.
func (c *checker) suggestDo(d *report.Positioned, s *sagaModel, action string) {
	for _, decl := range s.File.Decls {
		if !within(s.Spec.Pos(), decl) {
			continue
		}
		name := c.unusedName(naming.IdentOf(action), nil)
		params := s.Spec.Name.Name
		param := naming.LowerFirst(params)
		if param == params || token.IsKeyword(param) {
			param = "params"
		}
		text := fmt.Sprintf("//saga:do %s noundo\nfunc %s(%s %s) error {\n\tpanic(\"%s is not implemented\")\n}",
			action, name, param, params, name)
		d.InsertAfter("Add the do function "+name, decl.End(), text)
	}
}

// unusedName derives a name for a suggested function. No other declaration or
// suggestion has it, and no method of the receiver, if there is one.
func (c *checker) unusedName(name string, receiver *types.Var) string {
	unused := naming.Unique(name, func(s string) bool {
		if c.stubs[s] || token.IsKeyword(s) || types.Universe.Lookup(s) != nil || c.Pkg.Scope().Lookup(s) != nil {
			return true
		}
		if receiver == nil {
			return false
		}
		obj, _, _ := types.LookupFieldOrMethod(receiver.Type(), true, c.Pkg, s)
		return obj != nil
	})
	c.stubs[unused] = true
	return unused
}
