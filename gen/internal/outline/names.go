// Package outline describes a generated file before it is written: the names
// that it declares, the types that it mentions, and the shapes that it
// contains. The checks compare the names with hand-written declarations; the
// emitter writes them.
package outline

import (
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// Names returns the names that the generated file of p declares, and the
// predeclared identifiers that it uses. A name that would be declared twice is
// in it twice.
func Names(p *model.Package) []model.GeneratedName {
	var names []model.GeneratedName
	if len(p.Actions) > 0 {
		names = append(names,
			model.GeneratedName{Name: "NewRegistry", What: "the function that creates the registry"},
			model.GeneratedName{Name: "RegisterActions", What: "the function that registers the actions"})
	}
	for _, a := range p.Actions {
		add := func(name, what string) {
			names = append(names, model.GeneratedName{Name: name, What: what + " action " + strconv.Quote(a.Name), Action: a})
		}
		add(ActionConstant(a), "the constant for the name of")
		add(ActionFunc(a), "the function that creates")
		if len(a.Inputs) > 0 {
			add(InputsType(a), "the type of the inputs of")
		}
	}
	for _, s := range p.Sagas {
		n := NamesOf(s)
		add := func(name, what string) {
			names = append(names, model.GeneratedName{Name: name, What: what + " saga " + strconv.Quote(s.Name), Saga: s})
		}
		add(n.DAG, "the function that returns the DAG of")
		add(n.Build, "the variable that builds the DAG of")
		add(n.Start, "the function that starts")
		add(n.Find, "the function that finds")
		add(n.Run, "the handle of")
		add(n.Result, "the result of")
		add(n.Result+".DecodeOutputs", "the decoder of the result of")
		for _, node := range s.Nodes {
			if node.Output != nil {
				names = append(names, model.GeneratedName{
					Name: n.Result + "." + naming.GoName(node.Name),
					What: "the accessor of node " + strconv.Quote(node.Name),
					Saga: s, Node: node,
				})
			}
		}
	}
	shapes, _ := NewShapes(p) // a type without a shape has no constant either
	for _, c := range shapes.Constants {
		names = append(names, model.GeneratedName{Name: c.Name, What: "the shape of type " + types.TypeString(c.typ, types.RelativeTo(p.Types))})
	}
	for _, name := range predeclaredUsed(p) {
		names = append(names, model.GeneratedName{Name: name, What: "the predeclared identifier", Predeclared: true})
	}
	return names
}

// DeclaredNames returns the names that are taken in the package: keywords,
// predeclared identifiers, hand-written declarations, and the Names.
func DeclaredNames(p *model.Package) map[string]bool {
	declared := map[string]bool{"_": true, "init": true}
	for tok := token.BREAK; tok <= token.VAR; tok++ {
		declared[tok.String()] = true
	}
	for _, name := range slices.Concat(types.Universe.Names(), p.Types.Scope().Names()) {
		declared[name] = true
	}
	for _, n := range Names(p) {
		declared[n.Name] = true
	}
	return declared
}

// predeclaredUsed returns the predeclared identifiers in the generated file of
// p, sorted.
func predeclaredUsed(p *model.Package) []string {
	used := map[string]bool{"error": true, "nil": len(p.Actions) > 0 && p.App == nil}
	for _, t := range EmittedTypes(p) {
		typeutil.EachType(t, func(t types.Type) {
			switch t := t.(type) {
			case *types.Basic:
				used[t.Name()] = true
			case interface{ Obj() *types.TypeName }: // any and error are named types
				if t.Obj().Pkg() == nil {
					used[t.Obj().Name()] = true
				}
			case *types.Interface:
				used["any"] = used["any"] || t.Empty()
			}
		})
	}
	var names []string
	for name, is := range used {
		if is && types.Universe.Lookup(name) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// SagaNames are the names that the generated file declares for one saga.
type SagaNames struct{ DAG, Build, Start, Find, Run, Result string }

// NamesOf returns the names for a saga. They are exported if its parameter type
// is.
func NamesOf(s *model.Saga) SagaNames {
	t := s.Params.Name()
	start, find := "Start", "Find"
	if !token.IsExported(t) {
		start, find = "start", "find"
	}
	return SagaNames{
		DAG:    t + "DAG",
		Build:  "build" + naming.UpperFirst(t) + "DAG",
		Start:  start + naming.UpperFirst(t),
		Find:   find + naming.UpperFirst(t),
		Run:    t + "Run",
		Result: t + "Result",
	}
}

func ActionConstant(a *model.Action) string { return "Action" + naming.GoName(a.Name) }
func ActionFunc(a *model.Action) string     { return naming.LowerFirst(naming.GoName(a.Name)) + "Action" }
func InputsType(a *model.Action) string     { return naming.LowerFirst(naming.GoName(a.Name)) + "Inputs" }

// FieldNames returns a different exported Go name for each input.
func FieldNames(inputs []*model.Input) map[*model.Input]string {
	fields := map[*model.Input]string{}
	taken := map[string]bool{}
	for _, in := range inputs {
		fields[in] = naming.Unique(naming.GoName(in.Name), func(s string) bool { return taken[s] })
		taken[fields[in]] = true
	}
	return fields
}
