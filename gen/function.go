package gen

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// function is an annotated function with its type.
type function struct {
	*annotatedFunc
	object *types.Func
	// broken says that its signature was reported; then object may be nil.
	broken bool
	// output is what a do returns beside the error, nil if nothing.
	output types.Type
}

func (f *function) name() string          { return f.decl.Name.Name }
func (f *function) nameArg() nameArg      { return f.names[0] }
func (f *function) namePos() token.Pos    { return f.at(f.nameArg().offset) }
func (f *function) isDo() bool            { return f.verb == "do" }
func (f *function) sig() *types.Signature { return f.object.Signature() }

// readFunctions finds the types of the annotated functions and checks their signatures.
func (m *modeler) readFunctions() {
	for _, a := range m.funcs {
		m.functions = append(m.functions, &function{annotatedFunc: a, object: m.object(a.decl)})
	}
	m.findApplication()
	for _, f := range m.functions {
		f.broken = !m.checkSignature(f)
	}
}

func (m *modeler) checkSignature(f *function) bool {
	if tparams := f.decl.Type.TypeParams; tparams != nil {
		m.report(CodeGenericFunction, tparams.Pos(), "%s has type parameters, and an action is of fixed types; write a function without them that calls it", f.name())
		return false
	}
	if pos, generic := genericReceiver(f.decl); generic {
		m.report(CodeGenericFunction, pos, "%s is a method of a generic type, and an action is of fixed types; write a function that calls it", f.name())
		return false
	}
	if m.brokenSignature(f) {
		return false
	}
	sig := f.sig()
	if sig.Variadic() {
		last := sig.Params().At(sig.Params().Len() - 1)
		m.report(CodeVariadicFunction, last.Pos(), "parameter %q of %s is variadic, and an input is one value; take a %s", last.Name(), f.name(), m.typeString(last.Type()))
		return false
	}
	return m.checkResults(f)
}

func genericReceiver(fn *ast.FuncDecl) (token.Pos, bool) {
	if fn.Recv == nil {
		return token.NoPos, false
	}
	pos := token.NoPos
	ast.Inspect(fn.Recv, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IndexExpr, *ast.IndexListExpr:
			pos = n.Pos()
		}
		return true
	})
	return pos, pos.IsValid()
}

func (m *modeler) checkResults(f *function) bool {
	results := f.sig().Results()
	last := results.Len() - 1
	endsInError := last >= 0 && isError(results.At(last).Type())
	switch {
	case endsInError && last == 0:
		return true
	case endsInError && last == 1 && f.isDo() && !isError(results.At(0).Type()):
		f.output = results.At(0).Type()
		return true
	}
	want := "error"
	if f.isDo() {
		want = "(T, error) or error, T being its output"
	}
	found := "nothing"
	if results.Len() == 1 {
		found = m.typeString(results.At(0).Type())
	} else if results.Len() > 1 {
		found = m.typeString(results)
	}
	pos := f.decl.Name.Pos()
	if f.decl.Type.Results != nil {
		pos = f.decl.Type.Results.Pos()
	}
	m.report(CodeResults, pos, "%s returns %s; the %s of an action returns %s", f.name(), joinLines(found), f.verb, want)
	return false
}

// joinLines puts a message that others wrote into one line.
func joinLines(s string) string { return strings.Join(strings.Fields(s), " ") }

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// findApplication finds the type of the application context: that of the receivers.
func (m *modeler) findApplication() {
	var first *function
	for _, f := range m.functions {
		if f.object == nil || f.sig().Recv() == nil {
			continue
		}
		t := f.sig().Recv().Type()
		if _, generic := genericReceiver(f.decl); generic || isInvalid(deref(t)) {
			m.appBroken = true
			continue
		}
		if first == nil {
			first, m.app = f, t
			continue
		}
		if !types.Identical(deref(t), deref(m.app)) {
			if !m.appBroken {
				m.report(CodeTwoApplications, f.decl.Recv.Pos(), "%s is a method of %s, but %s is one of %s, and the actions of a package work with one type; make it a method of %s, or move it to a package of its own",
					f.name(), m.typeString(deref(t)), first.name(), m.typeString(deref(m.app)), m.typeString(deref(m.app))).relate(first.decl.Recv.Pos(), "the first receiver is here")
			}
			m.appBroken = true
			continue
		}
		if _, pointer := t.(*types.Pointer); pointer {
			m.app = t
		}
	}
}

// deref returns the element type of a pointer, and any other type as it is.
func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

func isInvalid(t types.Type) bool { return t == types.Typ[types.Invalid] }
