package executor_test

import (
	"fmt"
	"testing"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// BenchmarkMachine runs whole sagas. The time per node should not depend on the
// number of nodes.
func BenchmarkMachine(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("chain-%d", n), func(b *testing.B) { benchmark(b, chain(n), n) })
		b.Run(fmt.Sprintf("fan-%d", n), func(b *testing.B) { benchmark(b, fan(n), n) })
	}
}

func benchmark(b *testing.B, dag *saga.DAG, nodes int) {
	for b.Loop() {
		m := executor.New(dag)
		var inFlight []executor.Task
		for m.State() == saga.StateRunning {
			for t, ok := m.Next(); ok; t, ok = m.Next() {
				mustApply(b, m, t.Node, engine.EventStarted)
				inFlight = append(inFlight, t)
			}
			mustApply(b, m, inFlight[0].Node, engine.EventSucceeded)
			inFlight = inFlight[1:]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*nodes), "ns/node")
}

func mustApply(b *testing.B, m *executor.Machine, node engine.NodeID, kind engine.EventKind) {
	if err := m.Apply(engine.Event{Seq: m.NextSeq(), Node: node, Kind: kind}); err != nil {
		b.Fatal(err)
	}
}

func chain(n int) *saga.DAG {
	d := saga.NewDAGBuilder("chain")
	for i := range n {
		d.Append(saga.ActionNode(saga.NodeName(fmt.Sprintf("n%d", i)), "", "act"))
	}
	return d.MustBuild()
}

func fan(n int) *saga.DAG {
	nodes := make([]saga.Node, n)
	for i := range nodes {
		nodes[i] = saga.ActionNode(saga.NodeName(fmt.Sprintf("n%d", i)), "", "act")
	}
	return saga.NewDAGBuilder("fan").AppendParallel(nodes...).Append(saga.ActionNode("last", "", "act")).MustBuild()
}
