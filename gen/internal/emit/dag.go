package emit

import (
	"go/types"
	"strings"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/outline"
)

// dag declares the function that returns the DAG of a saga.
func (e *emitter) dag(s *model.Saga) *jen.Statement {
	n := outline.NamesOf(s)
	return doc(n.DAG + " returns the DAG of the saga " + s.Name + ":\n\n" + drawing(s)).
		Func().Id(n.DAG).Params().Op("*").Add(e.saga("DAG")).
		Add(shortBody(jen.Return(jen.Id(n.Build).Call())))
}

// build declares the variable that builds the DAG on first use. A DAG is
// immutable, so all sagas share it.
func (e *emitter) build(s *model.Saga) *jen.Statement {
	once := jen.Id(e.imports.name("sync")).Dot("OnceValue")
	return jen.Var().Id(outline.NamesOf(s).Build).Op("=").Add(once).Call(
		jen.Func().Params().Op("*").Add(e.saga("DAG")).Block(jen.Return(e.builder(s))),
	)
}

// builder returns the chain of calls that builds a DAG.
func (e *emitter) builder(s *model.Saga) *jen.Statement {
	chain := e.saga("NewDAGBuilder").Call(jen.Lit(s.Name))
	then := func(method string) *jen.Statement { return chain.Op(".").Line().Id(method) }
	for _, stage := range s.Stages {
		if len(stage) == 1 {
			then("Append").Call(e.node(stage[0]))
			continue
		}
		var nodes []jen.Code
		for _, n := range stage {
			nodes = append(nodes, e.node(n))
		}
		then("AppendParallel").Add(lines("(", ")", nodes...))
	}
	if s.Stages == nil {
		for _, n := range s.Nodes {
			then("Node").Add(e.behind(n))
		}
	}
	return then("MustBuild").Call()
}

// manyNodes is the number of names that fit on one line.
const manyNodes = 4

// behind returns a node and the names of the nodes that it runs after, as
// arguments.
func (e *emitter) behind(n *model.Node) *jen.Statement {
	args := []jen.Code{e.node(n)}
	for _, after := range n.After {
		args = append(args, jen.Lit(after.Name))
	}
	if len(n.After) > manyNodes {
		return lines("(", ")", args...)
	}
	return jen.Params(args...)
}

// node returns the expression for one node.
func (e *emitter) node(n *model.Node) *jen.Statement {
	switch n.Kind {
	case model.NodeConstant:
		value := e.qualified(n.Constant.Pkg().Path(), n.Constant.Name())
		if _, ok := n.Constant.(*types.Func); ok {
			value.Call()
		}
		return e.saga("ConstantNode").Call(jen.Lit(n.Name), value)
	case model.NodeSubsaga:
		inner := e.qualified(n.Subsaga.ImportPath, outline.NamesOf(n.Subsaga).DAG).Call()
		return e.saga("SubsagaNode").Call(jen.Lit(n.Name), inner, jen.Lit(n.ParamsFrom.Name))
	}
	var bindings []jen.Code
	for _, b := range n.Bindings {
		from := e.saga("FromParams")
		if b.From != nil {
			from = jen.Lit(b.From.Name)
		}
		bindings = append(bindings, e.saga("Bind").Call(jen.Lit(b.Input.Name), from))
	}
	action := e.qualified(n.Action.ImportPath, outline.ActionConstant(n.Action))
	return call(e.saga("ActionNode"), []jen.Code{jen.Lit(n.Name), jen.Lit(n.Action.Label), action}, bindings...)
}

// drawing returns the DAG of a saga as text, with a line for each stage. If the
// saga has no stages, it has a line for each node and the nodes that it runs
// after.
func drawing(s *model.Saga) string {
	var rows []string
	for _, stage := range s.Stages {
		var names []string
		for _, n := range stage {
			names = append(names, drawnName(n))
		}
		rows = append(rows, strings.Join(names, " | "))
	}
	if s.Stages == nil {
		rows = edges(s)
	}
	return "\t" + strings.Join(rows, "\n\t")
}

// edges returns the nodes and the nodes that they run after, in two columns.
func edges(s *model.Saga) []string {
	width := 0
	for _, n := range s.Nodes {
		width = max(width, utf8.RuneCountInString(drawnName(n)))
	}
	var rows []string
	for _, n := range s.Nodes {
		row := drawnName(n)
		for i, after := range n.After {
			switch {
			case i == 0:
				row += strings.Repeat(" ", width-utf8.RuneCountInString(row)) + "  after "
			case i%manyNodes == 0:
				rows = append(rows, row+",")
				row = strings.Repeat(" ", width+len("  after "))
			default:
				row += ", "
			}
			row += after.Name
		}
		rows = append(rows, row)
	}
	return rows
}

// drawnName returns the name of a node, with its kind unless it runs an action.
func drawnName(n *model.Node) string {
	switch n.Kind {
	case model.NodeConstant:
		return n.Name + " (constant)"
	case model.NodeSubsaga:
		return n.Name + " (saga " + n.Subsaga.Name + ")"
	}
	return n.Name
}
