package compat

import (
	"go/ast"
	"slices"
	"strings"
)

// dag reads a function that returns a DAG, and the function that builds it:
//
//	func BookTripDAG() *saga.DAG { return buildBookTripDAG() }
//
//	var buildBookTripDAG = sync.OnceValue(func() *saga.DAG {
//		return saga.NewDAGBuilder("book-trip").….MustBuild()
//	})
func (r *reader) dag(fun *ast.FuncDecl) *Saga {
	call, ok := r.returned(fun.Body).(*ast.CallExpr)
	if !ok {
		r.fail(fun.Pos(), "%s doesn't return the result of a call", fun.Name.Name)
		return nil
	}
	builder := r.dags[typeText(call.Fun)]
	if builder == nil {
		r.fail(call.Pos(), "%s isn't a variable that builds a DAG", typeText(call.Fun))
		return nil
	}
	s := &Saga{DAG: fun.Name.Name, Pos: r.fset.Position(fun.Name.Pos())}
	s.Outputs = r.outputs[strings.TrimSuffix(s.DAG, "DAG")+"Result"]
	stages := stageBuilder{saga: s, ids: map[string]int{}}
	for _, call := range r.chain(s, fun, r.returned(builder.Body)) {
		switch method := call.Fun.(*ast.SelectorExpr).Sel; method.Name {
		case "Append", "AppendParallel":
			var nodes []*Node
			for _, arg := range call.Args {
				nodes = append(nodes, r.node(arg))
			}
			stages.append(nodes)
		case "Node":
			if len(call.Args) == 0 {
				r.fail(method.Pos(), "expected a node")
				break
			}
			var after []int
			for _, arg := range call.Args[1:] {
				id, ok := stages.ids[r.stringValue(arg)]
				if !ok {
					r.fail(arg.Pos(), "no earlier node has this name")
				}
				after = append(after, id)
			}
			stages.add(r.node(call.Args[0]), after)
		default:
			r.fail(method.Pos(), "unknown method %s of saga.DAGBuilder", method.Name)
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

// chain reads a chain of calls that builds a DAG. It sets the name of the saga
// and returns the calls between NewDAGBuilder and MustBuild.
func (r *reader) chain(s *Saga, fun *ast.FuncDecl, e ast.Expr) []*ast.CallExpr {
	var calls []*ast.CallExpr // the last one first
	for {
		if name, args := r.call(e); name == "NewDAGBuilder" && len(args) == 1 && len(calls) > 0 {
			if calls[0].Fun.(*ast.SelectorExpr).Sel.Name != "MustBuild" {
				break
			}
			s.Name = r.stringValue(args[0])
			slices.Reverse(calls)
			return calls[:len(calls)-1]
		}
		call, ok := e.(*ast.CallExpr)
		if !ok {
			break
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			break
		}
		calls, e = append(calls, call), method.X
	}
	r.fail(fun.Name.Pos(), "the DAG isn't built by a chain of calls from saga.NewDAGBuilder to MustBuild")
	return nil
}

// node reads the call that returns a node.
func (r *reader) node(e ast.Expr) *Node {
	name, args := r.call(e)
	n := &Node{Pos: r.fset.Position(e.Pos())}
	switch {
	case len(args) < 2:
		r.fail(e.Pos(), "expected a node")
		return n
	case name == "ActionNode" && len(args) >= 3:
		n.Label, n.Action = r.stringValue(args[1]), r.ref(args[2])
		for _, arg := range args[3:] {
			n.Bindings = append(n.Bindings, r.binding(arg))
		}
	case name == "ConstantNode" && len(args) == 2:
		n.Kind, n.Value = NodeConstant, typeText(args[1])
	case name == "SubsagaNode" && len(args) == 3:
		n.Kind, n.ParamsFrom = NodeSubsaga, r.stringValue(args[2])
		inner, ok := args[1].(*ast.CallExpr)
		if !ok {
			r.fail(args[1].Pos(), "expected the DAG of a subsaga")
			break
		}
		n.Subsaga = r.ref(inner.Fun)
	default:
		r.fail(e.Pos(), "%s doesn't return a node", typeText(e.(*ast.CallExpr).Fun))
	}
	n.Name = r.stringValue(args[0])
	return n
}

func (r *reader) binding(e ast.Expr) Binding {
	name, args := r.call(e)
	if name != "Bind" || len(args) != 2 {
		r.fail(e.Pos(), "expected the binding of an input")
		return Binding{}
	}
	b := Binding{Input: r.stringValue(args[0]), From: params}
	if r.sagaName(args[1]) != "FromParams" {
		b.From = r.stringValue(args[1])
	}
	return b
}

// stageBuilder adds nodes to a saga in the same way as a saga.DAGBuilder.
type stageBuilder struct {
	saga *Saga
	ids  map[string]int
	// stage holds the nodes since the last Append. hasSuccessor holds those of
	// them that another node runs after.
	stage        []int
	hasSuccessor map[int]bool
}

// append adds a stage, whose nodes run after the last nodes so far.
func (s *stageBuilder) append(nodes []*Node) {
	after := slices.DeleteFunc(s.stage, func(i int) bool { return s.hasSuccessor[i] })
	s.stage, s.hasSuccessor = nil, nil
	for _, n := range nodes {
		s.add(n, after)
	}
}

// add adds a node that runs after the given nodes.
func (s *stageBuilder) add(n *Node, after []int) {
	n.After = slices.Compact(slices.Sorted(slices.Values(after)))
	if s.hasSuccessor == nil {
		s.hasSuccessor = map[int]bool{}
	}
	for _, i := range after {
		s.hasSuccessor[i] = true
	}
	id := len(s.saga.Nodes)
	s.saga.Nodes = append(s.saga.Nodes, n)
	s.ids[n.Name] = id
	s.stage = append(s.stage, id)
}
