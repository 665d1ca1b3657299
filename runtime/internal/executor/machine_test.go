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
	allowed := map[saga.State][]saga.NodeState{
		saga.StateSucceeded: {saga.NodeSucceeded},
		saga.StateFailed:    {saga.NodePending, saga.NodeFailed, saga.NodeUndone},
		saga.StateStuck: {
			saga.NodePending, saga.NodeFailed, saga.NodeUndone,
			saga.NodeUndoFailed, saga.NodeSucceeded, saga.NodeIndeterminate,
		},
	}[m.State()]
	for id, state := range m.States() {
		require.Contains(t, allowed, state,
			"-seed=%d prefix %d: node %d of a saga that is %s", seed, prefix, id, m.State())
		if m.State() == saga.StateStuck && (state == saga.NodeSucceeded || state == saga.NodeIndeterminate) {
			require.True(t, leadsToUndoFailed(dag, m, saga.NodeID(id)),
				"-seed=%d prefix %d: node %d could have been undone", seed, prefix, id)
		}
	}
}

// leadsToUndoFailed reports whether a descendant whose undo failed prevents the
// undo of the node.
func leadsToUndoFailed(dag *saga.DAG, m *executor.Machine, id saga.NodeID) bool {
	for _, c := range dag.Children(id) {
		if m.Node(c) == saga.NodeUndoFailed || leadsToUndoFailed(dag, m, c) {
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
			if e.Kind == saga.EventUndoStarted {
				require.True(t, o.unwinding)
				for id := e.Node + 1; id < saga.NodeID(dag.Len()); id++ {
					if dag.Kind(id) == saga.KindAction && leadsTo(dag, e.Node, id) {
						clear := []saga.NodeState{saga.NodePending, saga.NodeFailed, saga.NodeUndone}
						require.Contains(t, clear, o.states[id],
							"seed %d: node %d undone before node %d, which ran after it", s+i, e.Node, id)
					}
				}
			}
			if e.Kind == saga.EventStarted {
				require.False(t, o.unwinding, "seed %d: node %d started while unwinding", s+i, e.Node)
				for _, p := range dag.Parents(e.Node) {
					require.Equal(t, saga.NodeSucceeded, o.states[p],
						"seed %d: node %d started before its parent %d", s+i, e.Node, p)
				}
			}
			o.apply(e)
		}
	}
}

// leadsTo reports whether b runs after a.
func leadsTo(dag *saga.DAG, a, b saga.NodeID) bool {
	for _, c := range dag.Children(a) {
		if c == b || leadsTo(dag, c, b) {
			return true
		}
	}
	return false
}

func TestTransitionsOutsideTheTableAreIllegal(t *testing.T) {
	for _, from := range saga.NodeStates() {
		for _, kind := range saga.EventKinds() {
			ofNode := func(tr executor.Transition) bool { return tr.Event == kind }
			if kind.IsCommand() && !slices.ContainsFunc(executor.Transitions(), ofNode) {
				continue // it concerns the whole saga
			}
			m, node := machineWithNodeIn(t, from)
			legal := slices.ContainsFunc(executor.Transitions(), func(tr executor.Transition) bool {
				return tr.From == from && tr.Event == kind
			})
			before := m.States()
			err := m.Apply(saga.Event{Seq: m.NextSeq(), Node: node, Kind: kind, Payload: []byte(`{"output":1}`)})
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
func machineWithNodeIn(t *testing.T, state saga.NodeState) (*executor.Machine, saga.NodeID) {
	t.Helper()
	dag := saga.NewDAGBuilder("pair").
		AppendParallel(saga.ActionNode("a", "A", "act"), saga.ActionNode("b", "B", "act")).
		Append(saga.ActionNode("c", "C", "act")).
		MustBuild()
	a, b := mustFind(t, dag, "a"), mustFind(t, dag, "b")
	m := executor.New(dag)
	apply := func(node saga.NodeID, kinds ...saga.EventKind) {
		for _, kind := range kinds {
			require.NoError(t, m.Apply(saga.Event{Seq: m.NextSeq(), Node: node, Kind: kind}))
		}
	}
	if state == saga.NodeFailed || state == saga.NodeUndone {
		apply(b, saga.EventStarted) // keeps the saga from being final
	}
	apply(a, map[saga.NodeState][]saga.EventKind{
		saga.NodePending:       nil,
		saga.NodeStarted:       {saga.EventStarted},
		saga.NodeSucceeded:     {saga.EventStarted, saga.EventSucceeded},
		saga.NodeFailed:        {saga.EventStarted, saga.EventFailed},
		saga.NodeIndeterminate: {saga.EventStarted, saga.EventIndeterminate},
		saga.NodeUndoStarted:   {saga.EventStarted, saga.EventIndeterminate, saga.EventUndoStarted},
		saga.NodeUndone: {
			saga.EventStarted, saga.EventIndeterminate, saga.EventUndoStarted, saga.EventUndoFinished,
		},
		saga.NodeUndoFailed: {
			saga.EventStarted, saga.EventIndeterminate, saga.EventUndoStarted, saga.EventUndoFailed,
		},
	}[state]...)
	switch state {
	case saga.NodeSucceeded:
		apply(b, saga.EventStarted, saga.EventFailed)
	case saga.NodeFailed, saga.NodeUndoFailed:
		apply(dag.Start(), saga.EventPaused)
	case saga.NodeIndeterminate:
		m2, err := executor.Replay(dag, []saga.Event{
			{Seq: 0, Node: a, Kind: saga.EventStarted}, {Seq: 1, Node: a, Kind: saga.EventIndeterminate},
			{Seq: 2, Kind: saga.EventPaused}, {Seq: 3, Kind: saga.EventStepped},
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
	for name, e := range map[string]saga.Event{
		"sequence number out of order": {Seq: 1, Node: 2, Kind: saga.EventStarted},
		"unknown node":                 {Node: 99, Kind: saga.EventStarted},
		"negative node":                {Node: -1, Kind: saga.EventStarted},
		"structural node":              {Node: 1, Kind: saga.EventStarted},
		"unknown kind":                 {Node: 2, Kind: 200},
		"undo while running forward":   {Node: 2, Kind: saga.EventUndoStarted},
		"success without a start":      {Node: 2, Kind: saga.EventSucceeded},
	} {
		assert.ErrorIs(t, m.Apply(e), executor.ErrIllegalEvent, name)
	}
	assert.NoError(t, m.Apply(saga.Event{Node: 2, Kind: saga.EventStarted}))
}

func TestStartedNodeRunsToItsEndWhileTheSagaUnwinds(t *testing.T) {
	dag := saga.NewDAGBuilder("s").
		AppendParallel(saga.ActionNode("a", "A", "act"), saga.ActionNode("b", "B", "act")).
		Append(saga.ActionNode("c", "C", "act")).MustBuild()
	a, b := mustFind(t, dag, "a"), mustFind(t, dag, "b")
	m, err := executor.Replay(dag, []saga.Event{
		{Seq: 0, Node: a, Kind: saga.EventStarted},
		{Seq: 1, Node: b, Kind: saga.EventStarted},
		{Seq: 2, Node: a, Kind: saga.EventFailed},
	})
	require.NoError(t, err)
	assert.Equal(t, saga.StateUnwinding, m.State())
	assert.Equal(t, []executor.Task{{Node: b, Direction: saga.Do}}, slices.Collect(m.Wanted()))

	require.NoError(t, m.Apply(saga.Event{Seq: 3, Node: b, Kind: saga.EventSucceeded}))
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
	apply := func(node saga.NodeID, kind saga.EventKind) {
		e := saga.Event{Seq: m.NextSeq(), Node: node, Kind: kind, Payload: []byte(`{"output":1}`)}
		require.NoError(t, m.Apply(e))
	}
	apply(q, saga.EventStarted)
	apply(q, saga.EventSucceeded)
	apply(f, saga.EventStarted)
	apply(g, saga.EventStarted)
	apply(dag.Start(), saga.EventPaused)
	apply(f, saga.EventFailed)
	apply(g, saga.EventFailed)
	apply(f, saga.EventOutputSupplied)
	apply(dag.Start(), saga.EventResumed)
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

func mustFind(t testing.TB, dag *saga.DAG, path saga.NodePath) saga.NodeID {
	t.Helper()
	id, err := dag.Find(path)
	require.NoError(t, err)
	return id
}
