package typeutil

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
)

// RuntimePath is the import path of the runtime.
const RuntimePath = "github.com/sagagen/sagagen/runtime"

func IsError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// Deref returns the element type of a pointer, and any other type as it is.
func Deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

func IsInvalid(t types.Type) bool { return t == types.Typ[types.Invalid] }

// IsNamed reports whether t is the type of that name.
func IsNamed(t types.Type, path, name string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == name && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == path
}

// EachType calls visit with t and with every type that is spelled out in t.
func EachType(t types.Type, visit func(types.Type)) {
	visit(t)
	inside := func(ts *types.TypeList) {
		for arg := range ts.Types() {
			EachType(arg, visit)
		}
	}
	tuple := func(vars *types.Tuple) {
		for v := range vars.Variables() {
			EachType(v.Type(), visit)
		}
	}
	switch t := t.(type) {
	case *types.Alias:
		inside(t.TypeArgs())
	case *types.Named:
		inside(t.TypeArgs())
	case *types.Pointer:
		EachType(t.Elem(), visit)
	case *types.Slice:
		EachType(t.Elem(), visit)
	case *types.Array:
		EachType(t.Elem(), visit)
	case *types.Chan:
		EachType(t.Elem(), visit)
	case *types.Map:
		EachType(t.Key(), visit)
		EachType(t.Elem(), visit)
	case *types.Struct:
		for f := range t.Fields() {
			EachType(f.Type(), visit)
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			EachType(m.Type(), visit)
		}
		for e := range t.EmbeddedTypes() {
			EachType(e, visit)
		}
	case *types.Signature:
		tuple(t.Params())
		tuple(t.Results())
	}
}

// SourceText returns a part of the sources as gofmt writes it, without comments.
func SourceText(fset *token.FileSet, node ast.Node) string {
	var text bytes.Buffer
	if err := format.Node(&text, fset, node); err != nil {
		panic(err) // it was parsed
	}
	return text.String()
}
