package gen

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"strings"
)

// suggestUndo suggests an undo function for an action, whose parameters are what it can be given: the context and
// the like as the do has them, and the output. If there is no output, it's what the do takes.
func (m *modeler) suggestUndo(d *positioned, a *actionModel) {
	do := a.do
	prefix, receiver := "undo", ""
	if token.IsExported(do.name()) {
		prefix = "Undo"
	}
	if do.decl.Recv != nil {
		field := do.decl.Recv.List[0]
		receiver = sourceText(m.fset, field.Type)
		if len(field.Names) > 0 {
			receiver = field.Names[0].Name + " " + receiver
		}
		receiver = "(" + receiver + ") "
	}
	name := m.freeName(prefix+upperFirst(do.name()), do.sig().Recv())
	text := fmt.Sprintf("//saga:undo %s\nfunc %s%s(%s) error {\n\tpanic(\"%s isn't written yet\")\n}",
		a.name, receiver, name, strings.Join(m.undoParameters(do, a.name), ", "), name)
	d.insertAfter("Add the undo function "+name, do.decl.End(), text)
}

func (m *modeler) undoParameters(do *function, action string) []string {
	var params []string
	taken := map[string]bool{}
	i := 0
	for _, field := range do.decl.Type.Params.List {
		for n := range max(1, len(field.Names)) {
			v, name := do.sig().Params().At(i), "_"
			i++
			if len(field.Names) > 0 {
				name = field.Names[n].Name
			}
			if do.output == nil || m.ambient(v.Type()) {
				params = append(params, name+" "+sourceText(m.fset, field.Type))
				taken[name] = true
			}
		}
	}
	if do.output != nil {
		if recv := do.sig().Recv(); recv != nil {
			taken[recv.Name()] = true
		}
		name := unique(identOf(action), func(s string) bool { return taken[s] || token.IsKeyword(s) })
		params = append(params, name+" "+sourceText(m.fset, do.decl.Type.Results.List[0].Type))
	}
	return params
}

// ambient reports whether a parameter is of the surroundings of a call, not an input.
func (m *modeler) ambient(t types.Type) bool {
	return isNamed(t, "context", "Context") || isNamed(t, runtimePath, "ActionContext") || m.app != nil && types.Identical(t, m.app)
}

// suggestDo suggests a do function for an action that a saga names.
func (m *modeler) suggestDo(d *positioned, s *sagaModel, action string) {
	for _, decl := range s.file.Decls {
		if !within(s.spec.Pos(), decl) {
			continue
		}
		name := m.freeName(identOf(action), nil)
		params := s.spec.Name.Name
		param := lowerFirst(params)
		if param == params || token.IsKeyword(param) {
			param = "params"
		}
		text := fmt.Sprintf("//saga:do %s noundo\nfunc %s(%s %s) error {\n\tpanic(\"%s isn't written yet\")\n}", action, name, param, params, name)
		d.insertAfter("Add the do function "+name, decl.End(), text)
	}
}

// freeName makes a name for a new function that nothing else has, as a method if there is a receiver.
func (m *modeler) freeName(name string, receiver *types.Var) string {
	free := unique(name, func(s string) bool {
		if m.told[toldKey("stub", s)] || token.IsKeyword(s) || types.Universe.Lookup(s) != nil || m.pkg.Scope().Lookup(s) != nil {
			return true
		}
		if receiver == nil {
			return false
		}
		obj, _, _ := types.LookupFieldOrMethod(receiver.Type(), true, m.pkg, s)
		return obj != nil
	})
	m.first("stub", free)
	return free
}

// sourceText returns a part of the sources as gofmt writes it, without comments.
func sourceText(fset *token.FileSet, node ast.Node) string {
	var text bytes.Buffer
	if err := format.Node(&text, fset, node); err != nil {
		panic(err) // it was parsed
	}
	return text.String()
}
