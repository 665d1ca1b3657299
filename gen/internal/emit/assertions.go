package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/outline"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// assertions declares blank variables that no longer compile if a function
// changes that the file was generated from.
func (e *emitter) assertions() []*jen.Statement {
	var blocks []*jen.Statement
	group := func(text string, lines []jen.Code) {
		if len(lines) > 0 {
			blocks = append(blocks, doc(text).Var().Add(declarations(lines...)))
		}
	}
	group(`The annotated functions that this file calls. If one of these lines doesn't
compile, the function has changed: run go generate.`, e.functionAssertions(e.pkg.Actions))
	group(`The imported actions that the sagas of this package run. If one of these lines
doesn't compile, the function has changed: run go generate.`, e.functionAssertions(outline.ImportedActions(e.pkg)))
	group(`The values of constant nodes. If one of these lines doesn't compile, the value
has changed its type: run go generate.`, e.constantAssertions())
	return blocks
}

func (e *emitter) functionAssertions(actions []*model.Action) []jen.Code {
	var lines []jen.Code
	for _, a := range actions {
		for _, f := range []*model.Func{a.Do, a.Undo} {
			if f != nil && e.spellable(f.Object) {
				lines = append(lines, jen.Id("_").Add(e.typ(outline.UnnamedSignature(f.Object))).Op("=").Add(e.function(f.Object)))
			}
		}
	}
	return lines
}

func (e *emitter) constantAssertions() []jen.Code {
	var lines []jen.Code
	for _, o := range outline.Constants(e.pkg) {
		lines = append(lines, jen.Id("_").Add(e.typ(types.Default(o.Type()))).Op("=").Add(e.qualified(o.Pkg().Path(), o.Name())))
	}
	return lines
}

// spellable reports whether the file may name f and all types in its signature.
// The undo of an imported action may be unexported.
func (e *emitter) spellable(f *types.Func) bool {
	ok := f.Exported() || f.Pkg() == e.pkg.Types
	typeutil.EachType(outline.UnnamedSignature(f), func(t types.Type) {
		if n, named := t.(interface{ Obj() *types.TypeName }); named {
			ok = ok && (n.Obj().Pkg() == nil || n.Obj().Pkg() == e.pkg.Types || n.Obj().Exported() && typeutil.MayImport(e.pkg.Path, n.Obj().Pkg().Path()))
		}
	})
	return ok
}

// function returns the name of a function, or of a method as in
// (*Service).bookCar.
func (e *emitter) function(f *types.Func) *jen.Statement {
	recv := f.Signature().Recv()
	if recv == nil {
		return e.qualified(f.Pkg().Path(), f.Name())
	}
	if _, pointer := types.Unalias(recv.Type()).(*types.Pointer); pointer {
		return jen.Parens(e.typ(recv.Type())).Dot(f.Name())
	}
	return e.typ(recv.Type()).Dot(f.Name())
}
