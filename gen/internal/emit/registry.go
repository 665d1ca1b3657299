package emit

import (
	"go/types"
	"slices"

	"github.com/dave/jennifer/jen"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/outline"
)

// actionConstants declares the names of the actions.
func (e *emitter) actionConstants() *jen.Statement {
	var names []jen.Code
	for _, a := range e.pkg.Actions {
		names = append(names, jen.Id(outline.ActionConstant(a)).Add(e.saga("ActionName")).Op("=").Lit(e.pkg.Prefix+"."+a.Name))
	}
	return doc("The names of the actions of this package, as they are registered and logged.").
		Const().Add(declarations(names...))
}

// newRegistry declares the function that returns a registry.
func (e *emitter) newRegistry() *jen.Statement {
	text := "NewRegistry returns a registry of the actions of this package." + e.worksWith()
	functions, further := e.importedRegistries()
	if len(functions) > 0 {
		text += "\nThe sagas of this package run imported actions too: add them with " + naming.Enumerate(functions, "and") + "."
	}
	if len(further) > 0 {
		text += "\nThe sagas of " + naming.Enumerate(further, "and") + " run actions of further packages: see there."
	}
	return doc(text).
		Func().Id("NewRegistry").Params(e.appParams()...).Op("*").Add(e.saga("Registry")).Block(
		jen.Id("registry").Op(":=").Add(e.saga("NewRegistry")).Call(),
		jen.Id("RegisterActions").Call(e.withApp(jen.Id("registry"))...),
		jen.Return(jen.Id("registry")),
	)
}

// registerActions declares the function that adds the actions to a registry.
func (e *emitter) registerActions() *jen.Statement {
	var actions []jen.Code
	for _, a := range e.pkg.Actions {
		actions = append(actions, jen.Id(outline.ActionFunc(a)).Call(e.actionApp(a, jen.Id(e.app))...))
	}
	app := jen.Nil()
	if e.pkg.App != nil {
		app = jen.Id(e.app)
	}
	registry := jen.Id("registry").Op("*").Add(e.saga("Registry"))
	return doc("RegisterActions adds the actions of this package to registry." + e.worksWith() + `
It panics if the registry already has an action of the same name.`).
		Func().Id("RegisterActions").Params(append([]jen.Code{registry}, e.appParams()...)...).Block(
		call(jen.Id("registry").Dot("Register"), []jen.Code{app}, actions...),
	)
}

// importedRegistries returns the functions that register the imported actions
// which the sagas need, and the imported packages whose sagas need actions of
// further packages. It doesn't name those: they depend on how much of the
// imports of imports was read.
func (e *emitter) importedRegistries() (functions, further []string) {
	visited := map[*model.Saga]bool{}
	var visit func(s *model.Saga)
	visit = func(s *model.Saga) {
		if visited[s] {
			return
		}
		visited[s] = true
		for _, n := range s.Nodes {
			switch {
			case n.Kind == model.NodeAction && n.Action != nil && (s.ImportPath == "" || n.Action.ImportPath == s.ImportPath):
				if n.Action.ImportPath != "" {
					functions = append(functions, n.Action.PackageName+".RegisterActions")
				}
			case n.Kind == model.NodeSubsaga && n.Subsaga != nil && (s.ImportPath == "" || n.Subsaga.ImportPath == s.ImportPath):
				visit(n.Subsaga)
			case n.Kind == model.NodeAction, n.Kind == model.NodeSubsaga:
				further = append(further, s.PackageName)
			}
		}
	}
	for _, s := range e.pkg.Sagas {
		visit(s)
	}
	slices.Sort(functions)
	slices.Sort(further)
	return slices.Compact(functions), slices.Compact(further)
}

// appName returns the name of parameters for the application context of p,
// derived from its type. It doesn't clash with other names in the file.
func appName(p *model.Package, im *imports) string {
	if p.App == nil {
		return ""
	}
	t := types.Unalias(p.App)
	if pointer, ok := t.(*types.Pointer); ok {
		t = types.Unalias(pointer.Elem())
	}
	declared := outline.DeclaredNames(p)
	taken := func(name string) bool {
		return declared[name] || im.has(name) || slices.Contains(fileLocals, name)
	}
	if named, ok := t.(*types.Named); ok {
		if name := naming.LowerFirst(named.Obj().Name()); !taken(name) {
			return name
		}
	}
	if !taken("app") {
		return "app"
	}
	return naming.Unique("application", taken)
}

// worksWith returns the sentence of doc comments about the application context.
func (e *emitter) worksWith() string {
	if e.pkg.App == nil {
		return ""
	}
	return " They use " + e.app + "."
}

func (e *emitter) appParams() []jen.Code {
	if e.pkg.App == nil {
		return nil
	}
	return []jen.Code{jen.Id(e.app).Add(e.typ(e.pkg.App))}
}

// withApp appends the application context to arguments, if there is one.
func (e *emitter) withApp(args ...jen.Code) []jen.Code {
	if e.pkg.App == nil {
		return args
	}
	return append(args, jen.Id(e.app))
}

// actionApp returns app if the functions of an action need the application
// context.
func (e *emitter) actionApp(a *model.Action, app ...jen.Code) []jen.Code {
	for _, f := range []*model.Func{a.Do, a.Undo} {
		if f == nil {
			continue
		}
		if f.Object.Signature().Recv() != nil || slices.ContainsFunc(f.Args, func(arg model.Arg) bool { return arg.Kind == model.ArgApp }) {
			return app
		}
	}
	return nil
}
