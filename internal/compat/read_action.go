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
	a := &Action{Inputs: map[string]Data{}}
	call, ok := r.returned(fun.Body).(*ast.CallExpr)
	if !ok || !r.isSaga(call.Fun, "NewAction") || len(call.Args) != 1 {
		r.fail(fun.Pos(), "%s doesn't return saga.NewAction(…)", fun.Name.Name)
		return nil
	}
	spec, ok := call.Args[0].(*ast.CompositeLit)
	if !ok {
		r.fail(call.Pos(), "%s doesn't call saga.NewAction with a saga.ActionSpec", fun.Name.Name)
		return nil
	}
	index, ok := spec.Type.(*ast.IndexListExpr)
	if !ok || !r.isSaga(index.X, "ActionSpec") || len(index.Indices) != 2 {
		r.fail(spec.Pos(), "%s doesn't call saga.NewAction with a saga.ActionSpec", fun.Name.Name)
		return nil
	}
	r.fields(spec, func(key *ast.Ident, value ast.Expr) {
		switch key.Name {
		case "Name":
			a.Constant = r.ref(value).Name
			c, ok := r.constants[a.Constant]
			if !ok {
				r.fail(value.Pos(), "unknown string constant %s", a.Constant)
			}
			a.Name, a.Pos = c.value, r.fset.Position(c.pos)
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
			r.fail(key.Pos(), "unknown field %s of saga.ActionSpec", key.Name)
		}
	})
	if a.Name == "" {
		r.fail(spec.Pos(), "action in %s has no name", fun.Name.Name)
	}
	if r.isSaga(index.Indices[1], "None") {
		a.Output = Data{Shape: shape.Null}
	}
	if a.Output.Pos.Line == 0 {
		a.Output.Pos = a.Pos
	}
	if a.Undo == NoUndo {
		a.UndoPos = a.Pos
	}
	for _, p := range []*Policy{&a.DoPolicy, &a.UndoPolicy} {
		if p.Pos.Line == 0 {
			p.Pos = a.Pos
		}
	}
	return a
}

// fields calls f for each field in a composite literal with keys.
func (r *reader) fields(e ast.Expr, f func(key *ast.Ident, value ast.Expr)) {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		r.fail(e.Pos(), "expected a composite literal")
		return
	}
	for _, member := range lit.Elts {
		kv, ok := member.(*ast.KeyValueExpr)
		if !ok {
			r.fail(member.Pos(), "expected a key")
			return
		}
		key, ok := kv.Key.(*ast.Ident)
		if !ok {
			r.fail(member.Pos(), "expected the name of a field")
			return
		}
		f(key, kv.Value)
	}
}

// shapes reads the saga.Shape of an action.
func (r *reader) shapes(a *Action, e ast.Expr) {
	r.fields(e, func(key *ast.Ident, value ast.Expr) {
		switch key.Name {
		case "Inputs":
			lit, ok := value.(*ast.CompositeLit)
			if !ok {
				r.fail(value.Pos(), "expected the shapes of inputs")
				return
			}
			for _, member := range lit.Elts {
				kv, ok := member.(*ast.KeyValueExpr)
				if !ok {
					r.fail(member.Pos(), "expected the name of an input")
					return
				}
				a.Inputs[r.stringValue(kv.Key)] = r.data(kv.Key, kv.Value)
			}
		case "Output":
			a.Output = r.data(key, value)
		default:
			r.fail(key.Pos(), "unknown field %s of saga.Shape", key.Name)
		}
	})
}

// data reads a shape, which is a string literal or the name of a constant.
func (r *reader) data(key, e ast.Expr) Data {
	d := Data{Pos: r.fset.Position(key.Pos())}
	id, ok := e.(*ast.Ident)
	if !ok {
		d.Shape = r.stringValue(e)
		return d
	}
	c, ok := r.constants[id.Name]
	if !ok {
		r.fail(e.Pos(), "unknown string constant %s", id.Name)
	}
	d.Shape = c.value
	return d
}

// policy reads a saga.Policy.
func (r *reader) policy(key *ast.Ident, e ast.Expr) Policy {
	p := Policy{Pos: r.fset.Position(key.Pos())}
	r.fields(e, func(key *ast.Ident, value ast.Expr) {
		switch key.Name {
		case "Timeout":
			p.Timeout = r.duration(value)
		case "Backoff":
			p.Backoff = r.duration(value)
		case "MaxAttempts":
			p.MaxAttempts = int(r.number(value))
		case "Limit":
			p.Limit = int(r.number(value))
		default:
			r.fail(key.Pos(), "unknown field %s of saga.Policy", key.Name)
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
