package sec_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// noop is a registry of actions that do nothing.
func noop() *saga.Registry {
	r := saga.NewRegistry()
	r.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, string]{
		Name: "noop",
		Do:   func(saga.ActionContext, saga.None) (string, error) { return "done", nil },
		Undo: func(saga.ActionContext, saga.None, string) error { return nil },
	}))
	return r
}

func noopNode(name string) saga.Node { return saga.ActionNode(saga.NodeName(name), name, "noop") }

// tripDAG has the shape of the canonical example.
func tripDAG() *saga.DAG {
	return saga.NewDAGBuilder("book-trip").
		Append(noopNode("payment")).
		AppendParallel(noopNode("hotel"), noopNode("flight"), noopNode("car")).
		Append(noopNode("summary")).
		MustBuild()
}

// chainDAG has n nodes, one after the other.
func chainDAG(n int) *saga.DAG {
	b := saga.NewDAGBuilder("chain")
	for i := range n {
		b.Append(noopNode(fmt.Sprintf("n%d", i)))
	}
	return b.MustBuild()
}

// fanDAG has n nodes beside each other, and one after them.
func fanDAG(n int) *saga.DAG { return stagesDAG(1, n) }

// stagesDAG has stages of width nodes, each after all of the stage before, and one node after them.
func stagesDAG(stages, width int) *saga.DAG {
	b := saga.NewDAGBuilder("stages")
	for i := range stages {
		var nodes []saga.Node
		for j := range width {
			nodes = append(nodes, noopNode(fmt.Sprintf("n%d_%d", i, j)))
		}
		b.AppendParallel(nodes...)
	}
	return b.Append(noopNode("last")).MustBuild()
}

// BenchmarkTrip runs sagas of five actions that do nothing, in memory. naive is the same actions in a
// plain function with goroutines: the limit.
func BenchmarkTrip(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("sec/clients-%d", clients), func(b *testing.B) { benchmarkSagas(b, tripDAG(), clients) })
	}
	b.Run("naive/clients-64", func(b *testing.B) {
		action := func() string { return "done" }
		share(b, 64, func() {
			action()
			var stage sync.WaitGroup
			for range 3 {
				stage.Go(func() { action() })
			}
			stage.Wait()
			action()
		})
	})
}

// BenchmarkNodes runs sagas of many sizes and shapes; ns/node should be the same for all. One saga at a time has the
// processors wait for each other twice a saga: once when its first action is handed to a goroutine, and once when its client is woken. Several at
// a time show what is left when they needn't.
func BenchmarkNodes(b *testing.B) {
	for _, clients := range []int{1, 8} {
		for _, n := range []int{10, 100, 1000, 10000} {
			b.Run(fmt.Sprintf("chain-%d/clients-%d", n, clients), func(b *testing.B) { benchmarkSagas(b, chainDAG(n), clients) })
		}
		for _, n := range []int{10, 100, 1000, 10000} {
			b.Run(fmt.Sprintf("fan-%d/clients-%d", n, clients), func(b *testing.B) { benchmarkSagas(b, fanDAG(n), clients) })
		}
		b.Run(fmt.Sprintf("stages-4x50/clients-%d", clients), func(b *testing.B) { benchmarkSagas(b, stagesDAG(50, 4), clients) })
	}
}

func benchmarkSagas(b *testing.B, dag *saga.DAG, clients int) {
	c, err := sec.New(sec.Config{Registry: noop(), MaxNodes: 20_000, MaxEdges: 40_000, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	b.ReportAllocs()
	b.ResetTimer()
	share(b, clients, func() {
		withParams, err := saga.NewSagaDAG(dag, "params")
		if err != nil {
			b.Error(err)
			return
		}
		id := saga.NewID()
		if err := c.CreateAndStart(ctx, id, withParams); err != nil {
			b.Error(err)
			return
		}
		outputs, err := c.Wait(ctx, id)
		if err != nil || string(outputs.Saga()) != `"done"` {
			b.Errorf("output %s, error %v", outputs.Saga(), err)
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sagas/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(dag.Len()-2), "ns/node")
	if err := c.Shutdown(ctx); err != nil {
		b.Fatal(err)
	}
}

// share calls f b.N times, from that many goroutines.
func share(b *testing.B, clients int, f func()) {
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for calls.Add(1) <= int64(b.N) {
				f()
			}
		})
	}
	wg.Wait()
}
