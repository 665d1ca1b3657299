package emit

import (
	"github.com/dave/jennifer/jen"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/outline"
)

// start declares the function that starts a saga.
func (e *emitter) start(s *model.Saga) *jen.Statement {
	n := outline.NamesOf(s)
	return doc(n.Start+" starts a saga "+s.Name+". See saga.Start for the options and the errors.").
		Func().Id(n.Start).Params(
		e.contextParam(),
		e.coordinatorParam(),
		jen.Id("params").Add(e.typ(s.Params.Type())),
		jen.Id("options").Op("...").Add(e.saga("StartOption")),
	).Params(jen.Op("*").Id(n.Run), jen.Error()).Block(
		jen.Return(e.saga("Start").Types(jen.Id(n.Result)).Call(
			jen.Id("ctx"), jen.Id("coordinator"), jen.Id(n.DAG).Call(), jen.Id("params"), jen.Id("options").Op("..."),
		)),
	)
}

// find declares the function that returns the handle of an existing saga.
func (e *emitter) find(s *model.Saga) *jen.Statement {
	n := outline.NamesOf(s)
	return doc(n.Find+" returns the handle of an existing saga "+s.Name+", maybe of another process. See saga.Find for the errors.").
		Func().Id(n.Find).Params(
		e.contextParam(),
		e.coordinatorParam(),
		jen.Id("id").Add(e.saga("ID")),
	).Params(jen.Op("*").Id(n.Run), jen.Error()).Block(
		jen.Return(e.saga("Find").Types(jen.Id(n.Result)).Call(
			jen.Id("ctx"), jen.Id("coordinator"), jen.Lit(s.Name), jen.Id("id"),
		)),
	)
}

func (e *emitter) contextParam() jen.Code {
	return jen.Id("ctx").Id(e.imports.name("context")).Dot("Context")
}

func (e *emitter) coordinatorParam() jen.Code {
	return jen.Id("coordinator").Add(e.saga("Coordinator"))
}

// run declares the handle of a saga.
func (e *emitter) run(s *model.Saga) *jen.Statement {
	n := outline.NamesOf(s)
	return doc(n.Run + " is the handle of one saga " + s.Name + ". Its Wait returns the " + n.Result + ".").
		Type().Id(n.Run).Op("=").Add(e.saga("Run")).Types(jen.Id(n.Result))
}

// result declares the type of the outputs of the nodes of a saga.
func (e *emitter) result(s *model.Saga) *jen.Statement {
	n := outline.NamesOf(s)
	var fields []jen.Code
	for _, node := range s.Nodes {
		if node.Output != nil {
			fields = append(fields, jen.Id(naming.GoName(node.Name)).Add(e.typ(node.Output)).Tag(map[string]string{"saga": node.Name}))
		}
	}
	return doc(n.Result + " holds the outputs of the nodes of a saga " + s.Name + " that has succeeded.").
		Type().Id(n.Result).Struct(jen.Id("nodes").Struct(fields...))
}

// decoder declares the method by which the runtime fills a result.
func (e *emitter) decoder(s *model.Saga) *jen.Statement {
	return doc("DecodeOutputs implements saga.Result.").
		Func().Params(jen.Id("r").Op("*").Id(outline.NamesOf(s).Result)).Id("DecodeOutputs").
		Params(jen.Id("outputs").Add(e.saga("Outputs"))).Error().
		Add(shortBody(jen.Return(jen.Id("outputs").Dot("Decode").Call(jen.Op("&").Id("r").Dot("nodes")))))
}

// accessors declares an accessor for each node that has an output.
func (e *emitter) accessors(s *model.Saga) []*jen.Statement {
	var blocks []*jen.Statement
	for i, node := range s.Nodes {
		if node.Output == nil {
			continue
		}
		name := naming.GoName(node.Name)
		text := name + " returns the output of the node " + node.Name
		if i == len(s.Nodes)-1 {
			text += ", which is the saga's"
		}
		blocks = append(blocks, doc(text+".").
			Func().Params(jen.Id("r").Id(outline.NamesOf(s).Result)).Id(name).Params().Add(e.typ(node.Output)).
			Add(shortBody(jen.Return(jen.Id("r").Dot("nodes").Dot(name)))))
	}
	return blocks
}
