package sec_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// chainDAG has n nodes in a sequence.
func chainDAG(n int) *saga.DAG {
	b := saga.NewDAGBuilder("chain")
	for i := range n {
		b.Append(noopNode(fmt.Sprintf("n%d", i)))
	}
	return b.MustBuild()
}

// fanDAG has n parallel nodes, and one after them.
func fanDAG(n int) *saga.DAG { return stagesDAG(1, n) }

// stagesDAG has stages of width parallel nodes. Each stage follows the previous
// one, and one node follows the last stage.
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

// BenchmarkTrip runs sagas of five actions that do nothing, in memory. The
// sub-benchmark naive calls the same actions in a plain function with
// goroutines, as a lower bound.
func BenchmarkTrip(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("sec/clients-%d", clients), func(b *testing.B) { benchmarkSagas(b, tripDAG(), clients) })
	}
	b.Run("naive/clients-64", func(b *testing.B) {
		action := func() string { return "done" }
		share(b.N, 64, func() {
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

// BenchmarkNodes runs sagas of many sizes and shapes. It reports:
//
//   - ns/saga: the time of a saga of one node. It has a fixed cost: the saga is
//     created, and two goroutines are woken, the one that runs it and the one
//     that waits for it.
//   - ns/node: the time of each further node. It is the difference between the
//     saga and one of one node, divided by the number of further nodes. It
//     should be the same for all sizes and shapes. Sagas of both kinds run in
//     turns.
func BenchmarkNodes(b *testing.B) {
	for _, clients := range []int{1, 8} {
		for _, n := range []int{10, 100, 1000, 10000} {
			b.Run(fmt.Sprintf("chain-%d/clients-%d", n, clients), func(b *testing.B) {
				benchmarkNodes(b, chainDAG(n), clients)
			})
		}
		for _, n := range []int{10, 100, 1000, 10000} {
			b.Run(fmt.Sprintf("fan-%d/clients-%d", n, clients), func(b *testing.B) {
				benchmarkNodes(b, fanDAG(n), clients)
			})
		}
		b.Run(fmt.Sprintf("stages-4x50/clients-%d", clients), func(b *testing.B) {
			benchmarkNodes(b, stagesDAG(50, 4), clients)
		})
	}
}

func benchmarkNodes(b *testing.B, dag *saga.DAG, clients int) {
	run := newRunner(b)
	single := chainDAG(1)
	var many, one time.Duration
	for left := b.N; left > 0; left -= batch {
		n := min(left, batch)
		many += timed(func() { share(n, clients, func() { run(dag) }) })
		one += timed(func() { share(n, clients, func() { run(single) }) })
	}
	b.ReportMetric(float64((many-one).Nanoseconds())/float64(b.N)/float64(dag.Len()-3), "ns/node")
	b.ReportMetric(float64(one.Nanoseconds())/float64(b.N), "ns/saga")
	b.ReportMetric(float64(many.Nanoseconds())/float64(b.N), "ns/op")
}

// batch is how many sagas of one kind run before the same number of the other
// kind. It is large enough to keep all clients busy. It is small enough that a
// machine that is slow for a while is slow for both kinds.
const batch = 64

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func benchmarkSagas(b *testing.B, dag *saga.DAG, clients int) {
	run := newRunner(b)
	b.ReportAllocs()
	b.ResetTimer()
	share(b.N, clients, func() { run(dag) })
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sagas/s")
}

// newRunner returns a function that runs a saga in memory.
func newRunner(b *testing.B) func(*saga.DAG) {
	c, err := sec.New(sec.Config{
		Registry: noop(), MaxNodes: 20_000,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	ctx := context.Background()
	return func(dag *saga.DAG) {
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
	}
}

// share calls f n times in total, from that many client goroutines.
func share(n, clients int, f func()) {
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for calls.Add(1) <= int64(n) {
				f()
			}
		})
	}
	wg.Wait()
}
