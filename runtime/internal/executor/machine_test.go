package executor_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

var (
	seed   = flag.Uint64("seed", 0, "run the property test with this seed only")
	update = flag.Bool("update", false, "rewrite golden files")
)

// TestEveryPrefixRecovers runs random sagas with random failures. At every
// prefix of the log it compares the machine that produced the log, a machine
// that replays the prefix, and the oracle. It then continues from the prefix
// until the saga is settled.
func TestEveryPrefixRecovers(t *testing.T) {
	seeds := []uint64{*seed}
	if *seed == 0 {
		base := rand.Uint64()
		seeds = seeds[:0]
		for i := range uint64(300) {
			seeds = append(seeds, base+i)
		}
	}
	for _, s := range seeds {
		rng := rand.New(rand.NewPCG(s, 0))
		dag := randomDAG(rng, 2)
		fate := randomFate(rng, dag)
		recorder := newPlayer(executor.New(dag), dag, fate)
		recorder.operator = s%2 == 0
		events := recorder.finish(rng)
		live, slow := executor.New(dag), newOracle(dag)
		for i := range len(events) + 1 {
			if i > 0 {
				require.NoError(t, live.Apply(events[i-1]), "-seed=%d event %d", s, i-1)
				slow.apply(events[i-1])
			}
			replayed, err := executor.Replay(dag, events[:i])
			require.NoError(t, err, "-seed=%d prefix %d", s, i)
			requireSame(t, live, replayed, s, i)
			requireOracle(t, slow, live, s, i)

			newPlayer(replayed, dag, fate).finish(rng)
			requireSettled(t, dag, replayed, s, i)
		}
	}
}

func requireSame(t *testing.T, want, got *executor.Machine, seed uint64, prefix int) {
	t.Helper()
	require.Equal(t, want.States(), got.States(), "-seed=%d prefix %d", seed, prefix)
	require.Equal(t, want.State(), got.State(), "-seed=%d prefix %d", seed, prefix)
	require.Equal(t, want.Outputs(), got.Outputs(), "-seed=%d prefix %d", seed, prefix)
	require.Equal(t, slices.Collect(want.Wanted()), slices.Collect(got.Wanted()), "-seed=%d prefix %d", seed, prefix)
}

func requireOracle(t *testing.T, want *oracle, got *executor.Machine, seed uint64, prefix int) {
	t.Helper()
	require.Equal(t, want.states, got.States(), "-seed=%d prefix %d", seed, prefix)
	require.Equal(t, want.state(), got.State(), "-seed=%d prefix %d", seed, prefix)
	require.Equal(t, want.wanted(false), slices.Collect(got.Wanted()), "-seed=%d prefix %d", seed, prefix)
}

// requireSettled checks that a settled saga either succeeded or undid
// everything that it could.
func requireSettled(t *testing.T, dag *saga.DAG, m *executor.Machine, seed uint64, prefix int) {
	t.Helper()
	require.True(t, m.State().Settled(), "-seed=%d prefix %d: %s", seed, prefix, m.State())
	require.Empty(t, slices.Collect(m.Wanted()), "-seed=%d prefix %d", seed, prefix)
	if m.State() == saga.StateAbandoned {
		return
	}
	allowed := map[saga.State][]engine.NodeState{
		saga.StateSucceeded: {engine.NodeSucceeded},
		saga.StateFailed:    {engine.NodePending, engine.NodeFailed, engine.NodeUndone},
		saga.StateStuck: {
			engine.NodePending, engine.NodeFailed, engine.NodeUndone,
			engine.NodeUndoFailed, engine.NodeSucceeded, engine.NodeIndeterminate,
		},
	}[m.State()]
	for id, state := range m.States() {
		require.Contains(t, allowed, state,
			"-seed=%d prefix %d: node %d of a saga that is %s", seed, prefix, id, m.State())
		if m.State() == saga.StateStuck && (state == engine.NodeSucceeded || state == engine.NodeIndeterminate) {
			require.True(t, leadsToUndoFailed(dag, m, engine.NodeID(id)),
				"-seed=%d prefix %d: node %d could have been undone", seed, prefix, id)
		}
	}
}

// leadsToUndoFailed reports whether a descendant whose undo failed prevents the
// undo of the node.
func leadsToUndoFailed(dag *saga.DAG, m *executor.Machine, id engine.NodeID) bool {
	for _, c := range dag.Children(id) {
		if m.Node(c) == engine.NodeUndoFailed || leadsToUndoFailed(dag, m, c) {
			return true
		}
	}
	return false
}

// A node starts only after all its parents have succeeded, and only while the
// saga runs forward. Its undo starts only after all nodes that ran after it are
// clear.
func TestNodesRunForwardAndAreUndoneInReverse(t *testing.T) {
	s := rand.Uint64()
	for i := range uint64(200) {
		rng := rand.New(rand.NewPCG(s+i, 1))
		dag := randomDAG(rng, 1)
		m := executor.New(dag)
		p := newPlayer(m, dag, randomFate(rng, dag))
		p.operator = i%2 == 0
		o := newOracle(dag)
		for _, e := range p.finish(rng) {
			if e.Kind == engine.EventUndoStarted {
				require.True(t, o.unwinding)
				for id := e.Node + 1; id < engine.NodeID(dag.Len()); id++ {
					if dag.Kind(id) == engine.KindAction && leadsTo(dag, e.Node, id) {
						clear := []engine.NodeState{engine.NodePending, engine.NodeFailed, engine.NodeUndone}
						require.Contains(t, clear, o.states[id],
							"seed %d: node %d undone before node %d, which ran after it", s+i, e.Node, id)
					}
				}
			}
			if e.Kind == engine.EventStarted {
				require.False(t, o.unwinding, "seed %d: node %d started while unwinding", s+i, e.Node)
				for _, p := range dag.Parents(e.Node) {
					require.Equal(t, engine.NodeSucceeded, o.states[p],
						"seed %d: node %d started before its parent %d", s+i, e.Node, p)
				}
			}
			o.apply(e)
		}
	}
}

// leadsTo reports whether b runs after a.
func leadsTo(dag *saga.DAG, a, b engine.NodeID) bool {
	for _, c := range dag.Children(a) {
		if c == b || leadsTo(dag, c, b) {
			return true
		}
	}
	return false
}

func TestTransitionsOutsideTheTableAreIllegal(t *testing.T) {
	for _, from := range engine.NodeStates() {
		for _, kind := range engine.EventKinds() {
			ofNode := func(tr executor.Transition) bool { return tr.Event == kind }
			if kind.IsCommand() && !slices.ContainsFunc(executor.Transitions(), ofNode) {
				continue // it concerns the whole saga
			}
			m, node := machineWithNodeIn(t, from)
			legal := slices.ContainsFunc(executor.Transitions(), func(tr executor.Transition) bool {
				return tr.From == from && tr.Event == kind
			})
			before := m.States()
			err := m.Apply(engine.Event{Seq: m.NextSeq(), Node: node, Kind: kind, Payload: []byte(`{"output":1}`)})
			if legal {
				assert.NoError(t, err, "%s in %s", kind, from)
				continue
			}
			require.ErrorIs(t, err, executor.ErrIllegalEvent, "%s in %s", kind, from)
			assert.ErrorContains(t, err, kind.String())
			assert.ErrorContains(t, err, `"a"`)
			assert.Equal(t, before, m.States(), "%s in %s", kind, from)
		}
	}
}

// machineWithNodeIn returns a machine whose node "a" is in that state, and in
// which all conditions of the state's transitions hold: the saga runs forward
// if the node is pending, and otherwise unwinds, and is paused if an output may
// be supplied.
func machineWithNodeIn(t *testing.T, state engine.NodeState) (*executor.Machine, engine.NodeID) {
	t.Helper()
	dag := saga.NewDAGBuilder("pair").
		AppendParallel(saga.ActionNode("a", "A", "act"), saga.ActionNode("b", "B", "act")).
		Append(saga.ActionNode("c", "C", "act")).
		MustBuild()
	a, b := mustFind(t, dag, "a"), mustFind(t, dag, "b")
	m := executor.New(dag)
	apply := func(node engine.NodeID, kinds ...engine.EventKind) {
		for _, kind := range kinds {
			require.NoError(t, m.Apply(engine.Event{Seq: m.NextSeq(), Node: node, Kind: kind}))
		}
	}
	if state == engine.NodeFailed || state == engine.NodeUndone {
		apply(b, engine.EventStarted) // keeps the saga from being final
	}
	apply(a, map[engine.NodeState][]engine.EventKind{
		engine.NodePending:       nil,
		engine.NodeStarted:       {engine.EventStarted},
		engine.NodeSucceeded:     {engine.EventStarted, engine.EventSucceeded},
		engine.NodeFailed:        {engine.EventStarted, engine.EventFailed},
		engine.NodeIndeterminate: {engine.EventStarted, engine.EventIndeterminate},
		engine.NodeUndoStarted:   {engine.EventStarted, engine.EventIndeterminate, engine.EventUndoStarted},
		engine.NodeUndone: {
			engine.EventStarted, engine.EventIndeterminate, engine.EventUndoStarted, engine.EventUndoFinished,
		},
		engine.NodeUndoFailed: {
			engine.EventStarted, engine.EventIndeterminate, engine.EventUndoStarted, engine.EventUndoFailed,
		},
	}[state]...)
	switch state {
	case engine.NodeSucceeded:
		apply(b, engine.EventStarted, engine.EventFailed)
	case engine.NodeFailed, engine.NodeUndoFailed:
		apply(dag.Start(), engine.EventPaused)
	case engine.NodeIndeterminate:
		m2, err := executor.Replay(dag, []engine.Event{
			{Seq: 0, Node: a, Kind: engine.EventStarted}, {Seq: 1, Node: a, Kind: engine.EventIndeterminate},
			{Seq: 2, Kind: engine.EventPaused}, {Seq: 3, Kind: engine.EventStepped},
		})
		require.NoError(t, err)
		m = m2
	}
	require.Equal(t, state, m.Node(a))
	return m, a
}

func TestApplyRejectsIllegalEvents(t *testing.T) {
	dag := saga.NewDAGBuilder("s").
		Append(saga.ConstantNode("one", 1)).
		Append(saga.ActionNode("a", "A", "act")).MustBuild()
	m := executor.New(dag)
	for name, e := range map[string]engine.Event{
		"sequence number out of order": {Seq: 1, Node: 2, Kind: engine.EventStarted},
		"unknown node":                 {Node: 99, Kind: engine.EventStarted},
		"negative node":                {Node: -1, Kind: engine.EventStarted},
		"structural node":              {Node: 1, Kind: engine.EventStarted},
		"unknown kind":                 {Node: 2, Kind: 200},
		"undo while running forward":   {Node: 2, Kind: engine.EventUndoStarted},
		"success without a start":      {Node: 2, Kind: engine.EventSucceeded},
	} {
		assert.ErrorIs(t, m.Apply(e), executor.ErrIllegalEvent, name)
	}
	assert.NoError(t, m.Apply(engine.Event{Node: 2, Kind: engine.EventStarted}))
}

func TestStartedNodeRunsToItsEndWhileTheSagaUnwinds(t *testing.T) {
	dag := saga.NewDAGBuilder("s").
		AppendParallel(saga.ActionNode("a", "A", "act"), saga.ActionNode("b", "B", "act")).
		Append(saga.ActionNode("c", "C", "act")).MustBuild()
	a, b := mustFind(t, dag, "a"), mustFind(t, dag, "b")
	m, err := executor.Replay(dag, []engine.Event{
		{Seq: 0, Node: a, Kind: engine.EventStarted},
		{Seq: 1, Node: b, Kind: engine.EventStarted},
		{Seq: 2, Node: a, Kind: engine.EventFailed},
	})
	require.NoError(t, err)
	assert.Equal(t, saga.StateUnwinding, m.State())
	assert.Equal(t, []executor.Task{{Node: b, Direction: saga.Do}}, slices.Collect(m.Wanted()))

	require.NoError(t, m.Apply(engine.Event{Seq: 3, Node: b, Kind: engine.EventSucceeded}))
	assert.Equal(t, []executor.Task{{Node: b, Direction: saga.Undo}}, slices.Collect(m.Wanted()))
}

// Two nodes failed, and an operator supplies the output of one, which is in a
// subsaga. It is undone before the nodes that it ran after.
func TestNodeWithSuppliedOutputIsUndoneInOrderIfAnotherNodeFailed(t *testing.T) {
	inner := saga.NewDAGBuilder("inner").Append(saga.ActionNode("f", "", "act")).MustBuild()
	dag := saga.NewDAGBuilder("s").Append(saga.ActionNode("q", "", "act")).
		AppendParallel(saga.SubsagaNode("sub", inner, saga.FromParams), saga.ActionNode("g", "", "act")).
		Append(saga.ActionNode("e", "", "act")).MustBuild()
	q, f, g := mustFind(t, dag, "q"), mustFind(t, dag, "sub/f"), mustFind(t, dag, "g")
	m := executor.New(dag)
	apply := func(node engine.NodeID, kind engine.EventKind) {
		e := engine.Event{Seq: m.NextSeq(), Node: node, Kind: kind, Payload: []byte(`{"output":1}`)}
		require.NoError(t, m.Apply(e))
	}
	apply(q, engine.EventStarted)
	apply(q, engine.EventSucceeded)
	apply(f, engine.EventStarted)
	apply(g, engine.EventStarted)
	apply(dag.Start(), engine.EventPaused)
	apply(f, engine.EventFailed)
	apply(g, engine.EventFailed)
	apply(f, engine.EventOutputSupplied)
	apply(dag.Start(), engine.EventResumed)
	assert.Equal(t, saga.StateUnwinding, m.State())
	assert.Equal(t, []executor.Task{{Node: f, Direction: saga.Undo}}, slices.Collect(m.Wanted()))
}

func TestStateMachineDocumentShowsTheTable(t *testing.T) {
	const path = "../../../docs/state_machine.md"
	const begin, end = "<!-- table -->\n", "<!-- end of table -->\n"
	old, err := os.ReadFile(path)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(old), begin)
	require.True(t, found)
	_, tail, found := strings.Cut(rest, end)
	require.True(t, found)
	want := head + begin + executor.RenderTransitions() + end + tail
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(old), "run go test ./runtime/internal/executor -update")
}

func mustFind(t testing.TB, dag *saga.DAG, path saga.NodePath) engine.NodeID {
	t.Helper()
	id, err := dag.Find(path)
	require.NoError(t, err)
	return id
}
