package check

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// function is an annotated function or method with its type.
type function struct {
	*annotation.Func
	object *types.Func
	// broken says that its signature is not known because of a mistake. object
	// may be nil then.
	broken bool
	// output is the output type of a do function; nil if it has none.
	output types.Type
}

func (f *function) name() string               { return f.Decl.Name.Name }
func (f *function) nameArg() directive.NameArg { return f.Names[0] }
func (f *function) namePos() token.Pos         { return f.At(f.nameArg().Offset) }
func (f *function) isDo() bool                 { return f.Verb == "do" }
func (f *function) sig() *types.Signature      { return f.object.Signature() }

// readFunctions finds the types of the annotated functions and checks their
// signatures.
func (c *checker) readFunctions() {
	for _, a := range c.Funcs {
		c.functions = append(c.functions, &function{Func: a, object: c.funcObject(a.Decl)})
	}
	c.findApplication()
	for _, f := range c.functions {
		f.broken = !c.checkSignature(f)
	}
}

// checkSignature reports whether a signature is one of an action's. If not, it
// reports why.
func (c *checker) checkSignature(f *function) bool {
	if tparams := f.Decl.Type.TypeParams; tparams != nil {
		c.Report(diag.CodeGenericFunction, tparams.Pos(),
			"%s has type parameters, but an action can't be generic; write a non-generic function that calls it",
			f.name())
		return false
	}
	if pos, generic := genericReceiver(f.Decl); generic {
		c.Report(diag.CodeGenericFunction, pos,
			"%s is a method of a generic type, but an action can't be generic; write a non-generic function that calls it",
			f.name())
		return false
	}
	if c.brokenSignature(f) {
		return false
	}
	sig := f.sig()
	if sig.Variadic() {
		last := sig.Params().At(sig.Params().Len() - 1)
		c.Report(diag.CodeVariadicFunction, last.Pos(),
			"parameter %q of %s is variadic, but an input is a single value; change its type to %s",
			last.Name(), f.name(), c.TypeString(last.Type()))
		return false
	}
	return c.checkResults(f)
}

// genericReceiver returns the position of the type parameters of a receiver. It
// returns false if there are none.
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

// checkResults reports whether a function has the results of a do or an undo.
// If not, it reports why.
func (c *checker) checkResults(f *function) bool {
	results := f.sig().Results()
	last := results.Len() - 1
	endsInError := last >= 0 && typeutil.IsError(results.At(last).Type())
	switch {
	case endsInError && last == 0:
		return true
	case endsInError && last == 1 && f.isDo() && !typeutil.IsError(results.At(0).Type()):
		f.output = results.At(0).Type()
		return true
	}
	want := "error"
	if f.isDo() {
		want = "(T, error) or error, where T is its output"
	}
	found := "nothing"
	if results.Len() == 1 {
		found = c.TypeString(results.At(0).Type())
	} else if results.Len() > 1 {
		found = c.TypeString(results)
	}
	pos := f.Decl.Name.Pos()
	if f.Decl.Type.Results != nil {
		pos = f.Decl.Type.Results.Pos()
	}
	c.Report(diag.CodeResults, pos, "%s returns %s, but the %s function of an action must return %s",
		f.name(), naming.JoinLines(found), f.Verb, want)
	return false
}

// findApplication finds the type of the application context, which is that of
// the receivers: a pointer if any of them is.
func (c *checker) findApplication() {
	var first *function
	for _, f := range c.functions {
		if f.object == nil || f.sig().Recv() == nil {
			continue
		}
		t := f.sig().Recv().Type()
		if _, generic := genericReceiver(f.Decl); generic || typeutil.IsInvalid(typeutil.Deref(t)) {
			c.appBroken = true
			continue
		}
		if first == nil {
			first, c.app = f, t
			continue
		}
		if !types.Identical(typeutil.Deref(t), typeutil.Deref(c.app)) {
			if !c.appBroken {
				c.Report(diag.CodeTwoApplications, f.Decl.Recv.Pos(),
					"%s is a method of %s, but %s is a method of %s, and all action methods of a package must have the same receiver type; make it a method of %s, or move it to another package",
					f.name(), c.TypeString(typeutil.Deref(t)), first.name(),
					c.TypeString(typeutil.Deref(c.app)), c.TypeString(typeutil.Deref(c.app))).
					Relate(first.Decl.Recv.Pos(), "the first receiver is here")
			}
			c.appBroken = true
			continue
		}
		if _, pointer := t.(*types.Pointer); pointer {
			c.app = t
		}
	}
}
