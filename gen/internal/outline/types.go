package outline

import (
	"go/types"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// EmittedTypes returns the types that the generated file of p mentions, in the
// order of the file.
func EmittedTypes(p *model.Package) []types.Type {
	var all []types.Type
	add := func(t types.Type) {
		if t != nil {
			all = append(all, t)
		}
	}
	add(p.App)
	for _, a := range append(slices.Clone(p.Actions), ImportedActions(p)...) {
		for _, f := range []*model.Func{a.Do, a.Undo} {
			if f != nil {
				add(f.Object.Signature())
				if recv := f.Object.Signature().Recv(); recv != nil {
					add(recv.Type())
				}
			}
		}
		add(a.Output)
		for _, in := range a.Inputs {
			add(in.Type)
		}
	}
	for _, s := range p.Sagas {
		add(s.Params.Type())
		for _, n := range s.Nodes {
			add(n.Output)
			if n.Constant != nil {
				add(n.Constant.Type())
			}
		}
	}
	return all
}

// ImportedActions returns the actions of other packages that the sagas of p
// run, each once, sorted by package and name.
func ImportedActions(p *model.Package) []*model.Action {
	var actions []*model.Action
	for _, s := range p.Sagas {
		for _, n := range s.Nodes {
			if n.Action != nil && n.Action.ImportPath != "" {
				actions = append(actions, n.Action)
			}
		}
	}
	key := func(a *model.Action) string { return a.ImportPath + "\x00" + a.Name }
	slices.SortStableFunc(actions, func(a, b *model.Action) int { return strings.Compare(key(a), key(b)) })
	return slices.CompactFunc(actions, func(a, b *model.Action) bool { return key(a) == key(b) })
}

// Constants returns the objects whose values are the outputs of constant nodes,
// each once, sorted by package and name.
func Constants(p *model.Package) []types.Object {
	var objects []types.Object
	for _, s := range p.Sagas {
		for _, n := range s.Nodes {
			if n.Constant != nil {
				objects = append(objects, n.Constant)
			}
		}
	}
	key := func(o types.Object) string {
		if o.Pkg() == p.Types {
			return o.Name()
		}
		return o.Pkg().Path() + "\x00" + o.Name()
	}
	slices.SortStableFunc(objects, func(a, b types.Object) int { return strings.Compare(key(a), key(b)) })
	return slices.CompactFunc(objects, func(a, b types.Object) bool { return key(a) == key(b) })
}

// UnnamedSignature returns the type of f as a function: without the names of
// parameters and results, and with the receiver as the first parameter.
func UnnamedSignature(f *types.Func) *types.Signature {
	sig := f.Signature()
	unnamed := func(vars ...*types.Var) []*types.Var {
		for i, v := range vars {
			vars[i] = types.NewParam(v.Pos(), v.Pkg(), "", v.Type())
		}
		return vars
	}
	var params []*types.Var
	if sig.Recv() != nil {
		params = append(params, sig.Recv())
	}
	params = slices.AppendSeq(params, sig.Params().Variables())
	results := slices.Collect(sig.Results().Variables())
	return types.NewSignatureType(nil, nil, nil, types.NewTuple(unnamed(params...)...), types.NewTuple(unnamed(results...)...), sig.Variadic())
}
