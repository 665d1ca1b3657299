// Package typeutil answers questions about Go types and import paths that
// several packages of the generator ask.
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

// IsError reports whether t is the predeclared type error.
func IsError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// Deref returns the element type of a pointer type, and any other type
// unchanged.
func Deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// IsInvalid reports whether the type checker could not determine t.
func IsInvalid(t types.Type) bool { return t == types.Typ[types.Invalid] }

// IsNamed reports whether t is the named type path.name, or an instance of it.
func IsNamed(t types.Type, path, name string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == name && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == path
}

// EachType calls visit for t and for every type that the source text of t
// mentions. It doesn't look inside the declarations of named types.
func EachType(t types.Type, visit func(types.Type)) {
	visit(t)
	tuple := func(vars *types.Tuple) {
		for v := range vars.Variables() {
			EachType(v.Type(), visit)
		}
	}
	switch t := t.(type) {
	case interface{ TypeArgs() *types.TypeList }: // an alias or a named type
		for arg := range t.TypeArgs().Types() {
			EachType(arg, visit)
		}
	case *types.Map:
		EachType(t.Key(), visit)
		EachType(t.Elem(), visit)
	case interface{ Elem() types.Type }: // a pointer, slice, array or channel
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

// SourceText returns the gofmt-formatted source of a node, without comments.
// The node must come from the parser.
func SourceText(fset *token.FileSet, node ast.Node) string {
	var text bytes.Buffer
	if err := format.Node(&text, fset, node); err != nil {
		panic(err) // it was parsed
	}
	return text.String()
}
