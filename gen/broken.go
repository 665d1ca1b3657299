package gen

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// brokenSignature reports what the compiler finds wrong in a function's signature, as far
// as types that it uses. What is wrong in its body is none of our business: it
// may well call what is about to be generated.
func (m *modeler) brokenSignature(f *function) bool {
	if f.name() == "_" || f.name() == "init" && f.decl.Recv == nil {
		m.report(CodeBrokenDeclaration, f.decl.Name.Pos(), "func %s can't be called; give it another name", f.name())
		return true
	}
	if f.object == nil {
		if !m.foreign() {
			m.report(CodeBrokenDeclaration, f.decl.Name.Pos(), "the compiler doesn't see %s; go vet says why", f.name())
		}
		return true
	}
	if e, ok := m.errorIn(f.decl.Type); ok {
		m.report(CodeBrokenDeclaration, e.Pos, "the signature of %s doesn't compile: %s", f.name(), joinLines(e.Msg))
		return true
	}
	sig := f.sig()
	broken := false
	check := func(v *types.Var, what string) {
		if v == nil || m.app != nil && types.Identical(deref(v.Type()), deref(m.app)) {
			return // what is in the application context doesn't matter
		}
		if m.brokenType(v.Type(), f.file, v.Pos(), what) {
			broken = true
		}
	}
	check(sig.Recv(), "the receiver of "+f.name())
	for v := range sig.Params().Variables() {
		check(v, "the type of parameter "+printable(v.Name())+" of "+f.name())
	}
	for v := range sig.Results().Variables() {
		check(v, "the result type of "+f.name())
	}
	return broken
}

// brokenType reports why a type that an annotated declaration uses doesn't compile.
func (m *modeler) brokenType(t types.Type, file *ast.File, pos token.Pos, what string) bool {
	w := invalidWalk{seen: map[types.Type]bool{}, pkg: m.pkg}
	if !w.visit(t) {
		return false
	}
	if m.foreign() {
		return true
	}
	for _, name := range w.through {
		if spec := m.typeSpec(name); spec != nil {
			if e, ok := m.errorIn(spec); ok {
				m.report(CodeBrokenDeclaration, e.Pos, "type %s is used by an annotated declaration and doesn't compile: %s", name.Name(), joinLines(e.Msg))
				return true
			}
		}
	}
	for _, spec := range file.Imports {
		if e, ok := m.errorIn(spec); ok {
			m.report(CodeBrokenDeclaration, pos, "%s isn't known: %s", what, m.importError(spec, e))
			return true
		}
	}
	m.report(CodeBrokenDeclaration, pos, "%s doesn't compile; go vet says why", what)
	return true
}

// importError says why an import can't be read: as the go command does, if it does.
func (m *modeler) importError(spec *ast.ImportSpec, e types.Error) string {
	path, _ := strconv.Unquote(spec.Path.Value)
	if p := m.universe.byPath[path]; p != nil && len(p.Errors) > 0 {
		return joinLines(p.Errors[0].Msg)
	}
	return joinLines(e.Msg)
}

// errorIn returns the compiler's first error in the range of a node.
func (m *modeler) errorIn(n ast.Node) (types.Error, bool) {
	for _, e := range m.errors {
		if within(e.Pos, n) && !strings.HasPrefix(e.Msg, "\t") && !e.Soft {
			return e, true
		}
	}
	return types.Error{}, false
}

// typeSpec returns the declaration of a type of this package.
func (m *modeler) typeSpec(name *types.TypeName) *ast.TypeSpec {
	for _, f := range m.files {
		if !within(name.Pos(), f) {
			continue
		}
		for _, decl := range f.Decls {
			if decl, ok := decl.(*ast.GenDecl); ok && within(name.Pos(), decl) {
				for _, spec := range decl.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.Pos() == name.Pos() {
						return spec
					}
				}
			}
		}
	}
	return nil
}

// invalidWalk looks for a type that the compiler didn't understand.
type invalidWalk struct {
	pkg     *types.Package
	seen    map[types.Type]bool
	through []*types.TypeName // the types of the package that led there
}

func (w *invalidWalk) visit(t types.Type) bool {
	if isInvalid(t) {
		return true
	}
	if w.seen[t] {
		return false
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		return w.named(t.Obj(), types.Unalias(t))
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			if w.visit(arg) {
				return true
			}
		}
		return w.named(t.Obj(), t.Underlying())
	case *types.Pointer:
		return w.visit(t.Elem())
	case *types.Slice:
		return w.visit(t.Elem())
	case *types.Array:
		return w.visit(t.Elem())
	case *types.Map:
		return w.visit(t.Key()) || w.visit(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if w.visit(f.Type()) {
				return true
			}
		}
	}
	return false
}

// named looks into a type only if it is of this package: the others have their own compiler's run.
func (w *invalidWalk) named(obj *types.TypeName, inner types.Type) bool {
	if obj.Pkg() != w.pkg {
		return false
	}
	if w.visit(inner) {
		w.through = append(w.through, obj)
		return true
	}
	return false
}
