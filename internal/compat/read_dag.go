package compat

import (
	"go/ast"
	"slices"
	"strings"
)

// dag reads a function that returns a DAG, and what makes that:
//
//	func BookTripDAG() *saga.DAG { return buildBookTripDAG() }
//
//	var buildBookTripDAG = sync.OnceValue(func() *saga.DAG {
//		return saga.NewDAGBuilder("book-trip").….MustBuild()
//	})
func (r *reader) dag(fun *ast.FuncDecl) *Saga {
	call, ok := r.returned(fun.Body).(*ast.CallExpr)
	if !ok {
		r.fail(fun.Pos(), "%s doesn't return a DAG", fun.Name.Name)
		return nil
	}
	builder := r.dags[typeText(call.Fun)]
	if builder == nil {
		r.fail(call.Pos(), "%s is no variable that makes a DAG", typeText(call.Fun))
		return nil
	}
	s := &Saga{DAG: fun.Name.Name, Pos: r.fset.Position(fun.Name.Pos())}
	s.Outputs = r.outputs[strings.TrimSuffix(s.DAG, "DAG")+"Result"]
	stages := stager{saga: s, ids: map[string]int{}}
	calls := r.chain(s, r.returned(builder.Body))
	for _, call := range calls {
		switch method := call.Fun.(*ast.SelectorExpr).Sel; method.Name {
		case "Append", "AppendParallel":
			var nodes []*Node
			for _, arg := range call.Args {
				nodes = append(nodes, r.node(arg))
			}
			stages.append(nodes)
		case "Node":
			if len(call.Args) == 0 {
				r.fail(method.Pos(), "a node was expected here")
				break
			}
			var after []int
			for _, arg := range call.Args[1:] {
				id, ok := stages.ids[r.text(arg)]
				if !ok {
					r.fail(arg.Pos(), "no node of that name is there yet")
				}
				after = append(after, id)
			}
			stages.add(r.node(call.Args[0]), after)
		default:
			r.fail(method.Pos(), "%s is no way to add nodes", method.Name)
		}
		if r.err != nil {
			return nil
		}
	}
	if r.err == nil && len(s.Nodes) == 0 {
		r.fail(fun.Pos(), "the saga has no nodes")
	}
	return s
}

// chain notes the name of the saga that a chain of calls builds, and returns the calls between NewDAGBuilder
// and MustBuild.
func (r *reader) chain(s *Saga, e ast.Expr) []*ast.CallExpr {
	var calls []*ast.CallExpr
	for {
		call, ok := e.(*ast.CallExpr)
		if !ok {
			break
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			break
		}
		if r.isSaga(sel, "NewDAGBuilder") && len(call.Args) == 1 && len(calls) > 0 {
			s.Name = r.text(call.Args[0])
			if calls[0].Fun.(*ast.SelectorExpr).Sel.Name != "MustBuild" {
				break
			}
			slices.Reverse(calls)
			return calls[:len(calls)-1]
		}
		calls, e = append(calls, call), sel.X
	}
	if r.err == nil {
		r.err = &ReadError{s.Pos, "what makes the DAG isn't a chain from saga.NewDAGBuilder to MustBuild" + byHand}
	}
	return nil
}

// node reads the call that describes a node.
func (r *reader) node(e ast.Expr) *Node {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		r.fail(e.Pos(), "a node was expected here")
		return &Node{}
	}
	n := &Node{Name: r.text(call.Args[0]), Pos: r.fset.Position(call.Pos())}
	switch {
	case r.isSaga(call.Fun, "ActionNode") && len(call.Args) >= 3:
		n.Label, n.Action = r.text(call.Args[1]), r.ref(call.Args[2])
		for _, arg := range call.Args[3:] {
			n.Bindings = append(n.Bindings, r.binding(arg))
		}
	case r.isSaga(call.Fun, "ConstantNode") && len(call.Args) == 2:
		n.Kind, n.Value = NodeConstant, typeText(call.Args[1])
	case r.isSaga(call.Fun, "SubsagaNode") && len(call.Args) == 3:
		n.Kind, n.ParamsFrom = NodeSubsaga, r.text(call.Args[2])
		inner, ok := call.Args[1].(*ast.CallExpr)
		if !ok {
			r.fail(call.Args[1].Pos(), "the DAG of a subsaga was expected here")
			break
		}
		n.Subsaga = r.ref(inner.Fun)
	default:
		r.fail(call.Pos(), "%s is no kind of node", typeText(call.Fun))
	}
	return n
}

func (r *reader) binding(e ast.Expr) Binding {
	call, ok := e.(*ast.CallExpr)
	if !ok || !r.isSaga(call.Fun, "Bind") || len(call.Args) != 2 {
		r.fail(e.Pos(), "the binding of an input was expected here")
		return Binding{}
	}
	b := Binding{Input: r.text(call.Args[0]), From: params}
	if !r.isSaga(call.Args[1], "FromParams") {
		b.From = r.text(call.Args[1])
	}
	return b
}

// stager adds nodes to a saga, as a saga.DAGBuilder does.
type stager struct {
	saga *Saga
	ids  map[string]int
	// tails are the nodes since the last stage, and passed those of them that something runs after.
	tails  []int
	passed map[int]bool
}

// append adds a stage.
func (s *stager) append(nodes []*Node) {
	after := slices.DeleteFunc(s.tails, func(i int) bool { return s.passed[i] })
	s.tails, s.passed = nil, nil
	for _, n := range nodes {
		s.add(n, after)
	}
}

// add adds a node that runs after those.
func (s *stager) add(n *Node, after []int) {
	n.After = slices.Compact(slices.Sorted(slices.Values(after)))
	if s.passed == nil {
		s.passed = map[int]bool{}
	}
	for _, i := range after {
		s.passed[i] = true
	}
	id := len(s.saga.Nodes)
	s.saga.Nodes = append(s.saga.Nodes, n)
	s.ids[n.Name] = id
	s.tails = append(s.tails, id)
}
