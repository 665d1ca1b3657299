package compat

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"time"

	"github.com/sagagen/sagagen/internal/shape"
)

func typeText(e ast.Expr) string { return types.ExprString(e) }

// action reads a function that returns an action:
//
//	return saga.NewAction(saga.ActionSpec[In, Out]{…})
func (r *reader) action(fun *ast.FuncDecl) *Action {
	name, args := r.call(r.returned(fun.Body))
	if name != "NewAction" || len(args) != 1 {
		r.fail(fun.Pos(), "%s doesn't return saga.NewAction(…)", fun.Name.Name)
		return nil
	}
	var typeArgs *ast.IndexListExpr
	spec, ok := args[0].(*ast.CompositeLit)
	if ok {
		typeArgs, ok = spec.Type.(*ast.IndexListExpr)
	}
	if !ok || r.sagaName(typeArgs) != "ActionSpec" || len(typeArgs.Indices) != 2 {
		r.fail(args[0].Pos(), "%s doesn't call saga.NewAction with a saga.ActionSpec", fun.Name.Name)
		return nil
	}
	a := &Action{Inputs: map[string]Data{}}
	r.pairs(spec, "a composite literal", func(key, value ast.Expr) {
		switch typeText(key) {
		case "Name": // the first field, and the default for all positions
			a.Constant = r.ref(value).Name
			c := r.constant(value)
			a.Name, a.Pos = c.value, r.fset.Position(c.pos)
			a.Output.Pos, a.UndoPos, a.DoPolicy.Pos, a.UndoPolicy.Pos = a.Pos, a.Pos, a.Pos, a.Pos
		case "Do":
		case "DoPolicy":
			a.DoPolicy = r.policy(key, value)
		case "Undo":
			a.Undo, a.UndoPos = UndoKnown, r.fset.Position(key.Pos())
		case "UndoUnknown":
			a.Undo, a.UndoPos = UndoUnknown, r.fset.Position(key.Pos())
		case "UndoPolicy":
			a.UndoPolicy = r.policy(key, value)
		case "Shape":
			r.shapes(a, value)
		default:
			r.fail(key.Pos(), "unknown field %s of saga.ActionSpec", typeText(key))
		}
	})
	if a.Name == "" {
		r.fail(spec.Pos(), "action in %s has no name", fun.Name.Name)
	}
	if r.sagaName(typeArgs.Indices[1]) == "None" {
		a.Output.Shape = shape.Null
	}
	return a
}

// pairs calls f for each key and value in a composite literal. The word what
// says what the literal is.
func (r *reader) pairs(e ast.Expr, what string, f func(key, value ast.Expr)) {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		r.fail(e.Pos(), "expected %s", what)
		return
	}
	for _, member := range lit.Elts {
		kv, ok := member.(*ast.KeyValueExpr)
		if !ok {
			r.fail(member.Pos(), "expected a key")
			return
		}
		f(kv.Key, kv.Value)
	}
}

func (r *reader) shapes(a *Action, e ast.Expr) {
	r.pairs(e, "a composite literal", func(key, value ast.Expr) {
		switch typeText(key) {
		case "Inputs":
			r.pairs(value, "the shapes of inputs", func(key, value ast.Expr) {
				a.Inputs[r.stringValue(key)] = r.data(key, value)
			})
		case "Output":
			a.Output = r.data(key, value)
		default:
			r.fail(key.Pos(), "unknown field %s of saga.Shape", typeText(key))
		}
	})
}

// data reads a shape, which is a string literal or the name of a constant.
func (r *reader) data(key, e ast.Expr) Data {
	d := Data{Pos: r.fset.Position(key.Pos())}
	if _, ok := e.(*ast.Ident); ok {
		d.Shape = r.constant(e).value
	} else {
		d.Shape = r.stringValue(e)
	}
	return d
}

// constant returns the string constant that an expression names.
func (r *reader) constant(e ast.Expr) constant {
	c, ok := r.constants[typeText(e)]
	if !ok {
		r.fail(e.Pos(), "unknown string constant %s", typeText(e))
	}
	return c
}

func (r *reader) policy(key, e ast.Expr) Policy {
	p := Policy{Pos: r.fset.Position(key.Pos())}
	r.pairs(e, "a composite literal", func(key, value ast.Expr) {
		switch typeText(key) {
		case "Timeout":
			p.Timeout = r.duration(value)
		case "Backoff":
			p.Backoff = r.duration(value)
		case "MaxAttempts":
			p.MaxAttempts = int(r.number(value))
		case "Limit":
			p.Limit = int(r.number(value))
		default:
			r.fail(key.Pos(), "unknown field %s of saga.Policy", typeText(key))
		}
	})
	return p
}

func (r *reader) number(e ast.Expr) int64 {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.INT {
		if n, err := strconv.ParseInt(lit.Value, 10, 64); err == nil {
			return n
		}
	}
	r.fail(e.Pos(), "expected a number")
	return 0
}

var units = map[string]time.Duration{
	"Nanosecond": time.Nanosecond, "Microsecond": time.Microsecond, "Millisecond": time.Millisecond,
	"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
}

// duration reads a unit of package time or a multiple of a unit.
func (r *reader) duration(e ast.Expr) time.Duration {
	factor := int64(1)
	if product, ok := e.(*ast.BinaryExpr); ok && product.Op == token.MUL {
		factor, e = r.number(product.X), product.Y
	}
	if sel, ok := e.(*ast.SelectorExpr); ok && units[sel.Sel.Name] > 0 {
		return time.Duration(factor) * units[sel.Sel.Name]
	}
	r.fail(e.Pos(), "expected a duration")
	return 0
}
