package check

import (
	"go/constant"
	"go/token"
	"go/types"
	"math"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
	"github.com/sagagen/sagagen/internal/spelling"
)

// findConstant finds the object that has the value of a constant node, and its
// type.
func (c *checker) findConstant(n *nodeModel) {
	ref := n.definition.Value
	n.unknown = true
	if ref.Name == "" {
		return // reported by package annotation
	}
	pos := n.definition.At(ref.Offset)
	scope := c.Pkg.Scope()
	if ref.Pkg != "" {
		pkg := c.importedPackage(n.saga.File, ref.Pkg, pos)
		if pkg == nil {
			return
		}
		if !token.IsExported(ref.Name) {
			c.Report(diag.CodeNotExported, pos,
				"%s is not exported, so node %q of saga %q can't use its value; export it", ref, n.Name, n.saga.name)
			return
		}
		scope = pkg.Scope()
	}
	obj := scope.Lookup(ref.Name)
	if obj == nil {
		if directive.ValidValue(ref.Name) == nil { // otherwise, package annotation has reported it
			c.reportUnknownValue(n, scope, ref, pos)
		}
		return
	}
	t := c.valueType(n, obj, pos)
	if constantObj, ok := obj.(*types.Const); ok && !representable(constantObj.Val(), t) {
		c.Report(diag.CodeBadConstant, pos,
			"%s overflows %s, its default type; declare the constant with a type that can hold it", ref, t)
		return
	}
	if t == nil || c.brokenValue(obj) || c.brokenType(t, n.saga.File, pos, "the type of "+ref.String()) {
		return
	}
	if !c.checkNameable(t, pos, ref.String()) || !c.checkJSON(t, pos, ref.String(), "") {
		return
	}
	n.Constant, n.Output, n.unknown = obj, t, false
}

// representable reports whether a constant is in the range of t. An untyped
// constant may exceed the range of its default type.
func representable(v constant.Value, t types.Type) bool {
	switch b, _ := t.(*types.Basic); {
	case b == nil: // it has a declared type, and the compiler has checked the range
		return true
	case b.Kind() == types.Int:
		_, exact := constant.Int64Val(constant.ToInt(v))
		return exact
	case b.Kind() == types.Float64:
		f, _ := constant.Float64Val(v)
		return !math.IsInf(f, 0)
	}
	return true
}

// valueType returns the type of the value of a constant, a variable, or a
// func() T. It reports any other object, and returns nil.
func (c *checker) valueType(n *nodeModel, obj types.Object, pos token.Pos) types.Type {
	what := ""
	switch obj := obj.(type) {
	case *types.Const:
		return types.Default(obj.Type())
	case *types.Var:
		return obj.Type()
	case *types.Func:
		sig := obj.Signature()
		if sig.TypeParams() == nil && sig.Params().Len() == 0 &&
			sig.Results().Len() == 1 && !typeutil.IsError(sig.Results().At(0).Type()) {
			return sig.Results().At(0).Type()
		}
		what = "a " + c.TypeString(sig)
	case *types.TypeName:
		what = "a type"
	default:
		what = "not a value"
	}
	c.Report(diag.CodeBadConstant, pos,
		"node %q of saga %q can't use %s as its value because it is %s; use a package-level const, var or func() T",
		n.Name, n.saga.name, obj.Name(), naming.JoinLines(what))
	return nil
}

// reportUnknownValue reports a constant node whose value is not in the scope.
func (c *checker) reportUnknownValue(n *nodeModel, scope *types.Scope, ref directive.Reference, pos token.Pos) {
	var names []string
	for _, name := range scope.Names() {
		switch obj := scope.Lookup(name).(type) {
		case *types.Const, *types.Var:
		case *types.Func:
			if obj.Signature().Params().Len() > 0 {
				continue
			}
		default:
			continue
		}
		if ref.Pkg == "" || token.IsExported(name) {
			names = append(names, name)
		}
	}
	advice := "declare it as a package-level const, var or func() T"
	closest, found := spelling.Closest(ref.Name, names)
	known := directive.Reference{Pkg: ref.Pkg, Name: closest}.String()
	if found {
		advice = "did you mean " + known + "?"
	}
	d := c.Report(diag.CodeUnknownValue, pos, "node %q of saga %q uses the undefined value %s; %s",
		n.Name, n.saga.name, ref, advice)
	if found {
		d.Replace(pos, ref.String(), known)
	}
}

// checkNameable reports whether the generated code can name a type. If not, it
// reports why: the type isn't exported, or its package can't be imported.
func (c *checker) checkNameable(t types.Type, pos token.Pos, subject string) bool {
	ok := true
	typeutil.EachType(t, func(t types.Type) {
		declared, isDeclared := t.(interface{ Obj() *types.TypeName })
		if !isDeclared {
			return
		}
		switch obj := declared.Obj(); {
		case !ok || obj.Pkg() == nil || obj.Pkg() == c.Pkg:
		case !typeutil.MayImport(c.Pkg.Path(), obj.Pkg().Path()):
			ok = false
			c.Report(diag.CodeNotExported, pos,
				"%s has type %s of package %s, which this package can't import; move the type out of the internal directory",
				subject, c.TypeString(t), obj.Pkg().Path())
		case !obj.Exported():
			ok = false
			c.Report(diag.CodeNotExported, pos,
				"%s has type %s, which is not exported, so the code generated here can't name it; export it",
				subject, c.TypeString(t))
		}
	})
	return ok
}
