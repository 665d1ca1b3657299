package compat

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/shape"
	saga "github.com/sagagen/sagagen/runtime"
)

// Compare must report a breaking change exactly if the runtime parks a saga.
// The sagas, the actions and the changes are random.
func TestBreakingIsWhatTheRuntimeParks(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	parked := 0
	const rounds = 3_000
	for i := range rounds {
		base := randomVersion(r)
		current := varied(r, base)
		findings, err := Compare(base, current, nil)
		require.NoError(t, err)
		breaking := slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == Breaking })

		baseRegistry, registry := registryOf(base), registryOf(current)
		rejected := false
		for _, s := range base.Files[0].Sagas {
			d, err := saga.NewSagaDAG(dagOf(t, base, s), nil)
			require.NoError(t, err)
			text, err := json.Marshal(baseRegistry.WithShapes(d))
			require.NoError(t, err)
			stored := new(saga.SagaDAG)
			require.NoError(t, json.Unmarshal(text, stored))
			rejected = rejected || registry.Check(stored.DAG) != nil || registry.CheckShapes(stored) != nil
		}
		if rejected {
			parked++
		}
		require.Equal(t, rejected, breaking, "seed %d, round %d: %s", seed, i, (&Report{Findings: findings}).Text())
	}
	require.Greater(t, parked, rounds/10, "seed %d", seed)
	require.Less(t, parked, rounds*9/10, "seed %d", seed)
}

var (
	someShapes = []string{
		"int32", "int64", "string", "*string", `{"a":int32}`, `{"a":int32,"b"?:string}`, `{"b":string}`,
	}
	someNodes = []string{"a", "b", "c", "d", "e"}
)

func randomShape(r *rand.Rand) Data { return Data{Shape: someShapes[r.IntN(len(someShapes))]} }

// randomVersion returns one file with a few actions and two sagas. The second
// saga may contain the first.
func randomVersion(r *rand.Rand) *Version {
	f := &File{Dir: "p"}
	for i := range 4 {
		a := &Action{
			Name: fmt.Sprintf("p.%d", i), Constant: fmt.Sprintf("Action%d", i),
			Inputs: map[string]Data{}, Output: randomShape(r),
		}
		if r.IntN(6) == 0 {
			a.Output.Shape = shape.Null
		}
		for _, name := range someNodes {
			if r.IntN(5) == 0 {
				a.Inputs[name] = randomShape(r)
			}
		}
		f.Actions = append(f.Actions, a)
	}
	for i := range 2 {
		s := &Saga{Name: fmt.Sprintf("s%d", i), DAG: fmt.Sprintf("S%dDAG", i)}
		for j, name := range someNodes {
			n := &Node{Name: name, Action: Ref{Name: f.Actions[r.IntN(4)].Constant}}
			for k := range j {
				if r.IntN(3) == 0 || j == len(someNodes)-1 {
					n.After = append(n.After, k)
				}
			}
			if len(n.After) > 0 && i == 1 && r.IntN(4) == 0 {
				n.Kind, n.Subsaga, n.ParamsFrom = NodeSubsaga, Ref{Name: "S0DAG"}, someNodes[n.After[0]]
			} else {
				for input := range f.action(n.Action.Name).Inputs {
					n.Bindings = append(n.Bindings, Binding{input, params})
				}
			}
			s.Nodes = append(s.Nodes, n)
		}
		f.Sagas = append(f.Sagas, s)
	}
	return &Version{Files: []*File{f}}
}

func (f *File) action(constant string) *Action {
	for _, a := range f.Actions {
		if a.Constant == constant {
			return a
		}
	}
	return nil
}

// varied returns a copy of a version with some changes in its actions.
func varied(r *rand.Rand, base *Version) *Version {
	f := &File{Dir: "p", Sagas: base.Files[0].Sagas}
	for _, a := range base.Files[0].Actions {
		if r.IntN(40) == 0 {
			continue
		}
		b := *a
		b.Inputs = maps.Clone(a.Inputs)
		if r.IntN(8) == 0 {
			b.Output = randomShape(r)
		}
		for _, name := range someNodes {
			switch r.IntN(40) {
			case 0:
				delete(b.Inputs, name)
			case 1, 2:
				b.Inputs[name] = randomShape(r)
			}
		}
		f.Actions = append(f.Actions, &b)
	}
	return &Version{Files: []*File{f}}
}

// registryOf registers the actions of a version.
func registryOf(v *Version) *saga.Registry {
	registry := saga.NewRegistry()
	for _, a := range v.Files[0].Actions {
		inputs := saga.Shapes{}
		for name, data := range a.Inputs {
			inputs[name] = data.Shape
		}
		name := saga.ActionName(a.Name)
		if a.Output.Shape == shape.Null {
			registry.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, saga.None]{
				Name: name, Shape: saga.Shape{Inputs: inputs},
				Do: func(saga.ActionContext, saga.None) (saga.None, error) { return saga.None{}, nil },
			}))
			continue
		}
		registry.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: name, Shape: saga.Shape{Inputs: inputs, Output: a.Output.Shape},
			Do: func(saga.ActionContext, saga.None) (string, error) { return "", nil },
		}))
	}
	return registry
}

// dagOf builds the DAG of a saga.
func dagOf(t *testing.T, v *Version, s *Saga) *saga.DAG {
	t.Helper()
	f := v.Files[0]
	b := saga.NewDAGBuilder(saga.Name(s.Name))
	for _, n := range s.Nodes {
		var after []saga.NodeName
		for _, name := range s.after(n) {
			after = append(after, saga.NodeName(name))
		}
		if n.Kind == NodeSubsaga {
			inner := dagOf(t, v, f.Sagas[0])
			b.Node(saga.SubsagaNode(saga.NodeName(n.Name), inner, saga.NodeName(n.ParamsFrom)), after...)
			continue
		}
		var bindings []saga.Binding
		for _, binding := range n.Bindings {
			bindings = append(bindings, saga.Bind(binding.Input, saga.FromParams))
		}
		b.Node(saga.ActionNode(saga.NodeName(n.Name), "", saga.ActionName(v.actionName(f, n)), bindings...), after...)
	}
	d, err := b.Build()
	require.NoError(t, err)
	return d
}
