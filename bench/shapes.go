package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// counter has the parameters of a chain, fan or stages saga, and the output of
// each node. Each node adds one to its input, so the output of the saga is the
// length of its longest path.
type counter struct{ N int64 }

type countInputs struct {
	Before counter `saga:"before"`
}

// countAction is the action of all nodes.
const countAction saga.ActionName = "bench.count"

// newCounters returns a workload of sagas with the given DAG. The longest path
// of the DAG has steps nodes, the whole DAG has nodes nodes.
func newCounters(dag *saga.DAG, steps, nodes int64) *workload {
	var numbers, calls atomic.Int64
	registry := saga.NewRegistry()
	registry.Register(nil, saga.NewAction(saga.ActionSpec[countInputs, counter]{
		Name: countAction,
		Do: func(_ saga.ActionContext, in countInputs) (counter, error) {
			calls.Add(1)
			return counter{in.Before.N + 1}, nil
		},
		Undo: func(saga.ActionContext, countInputs, counter) error { return nil },
	}))
	return &workload{
		registry: registry,
		run: func(ctx context.Context, c *sec.Coordinator) error {
			first := numbers.Add(1)
			withParams, err := saga.NewSagaDAG(dag, counter{first})
			if err != nil {
				return err
			}
			id := saga.NewID()
			if err := c.CreateAndStart(ctx, id, withParams); err != nil {
				return err
			}
			outputs, err := c.Wait(ctx, id)
			if err != nil {
				return err
			}
			if got, want := string(outputs.Saga()), fmt.Sprintf(`{"N":%d}`, first+steps); got != want {
				return fmt.Errorf("saga has output %s, want %s", got, want)
			}
			return nil
		},
		check: func(sagas int64) error {
			if got, want := calls.Load(), sagas*nodes; got != want {
				return fmt.Errorf("%d sagas of %d nodes called %d actions, want %d", sagas, nodes, got, want)
			}
			return nil
		},
	}
}

// newStages returns a workload of sagas with several stages, each of width
// parallel nodes. The nodes of a stage start when all nodes of the stage before
// have finished, and get the output of its first node. If last is true, one
// more node runs after all stages. The DAG is built once, at the first use.
func newStages(stages, width int, last bool) func() *workload {
	widths := make([]int, stages, stages+1)
	for i := range widths {
		widths[i] = width
	}
	if last {
		widths = append(widths, 1)
	}
	dag := sync.OnceValue(func() *saga.DAG {
		b := saga.NewDAGBuilder("stages")
		before := saga.FromParams
		for i, width := range widths {
			var nodes []saga.Node
			for j := range width {
				name := stageNode(i, j)
				nodes = append(nodes, saga.ActionNode(name, string(name), countAction, saga.Bind("before", before)))
			}
			b.AppendParallel(nodes...)
			before = stageNode(i, 0)
		}
		return b.MustBuild()
	})
	nodes := stages * width
	if last {
		nodes++
	}
	return func() *workload { return newCounters(dag(), int64(len(widths)), int64(nodes)) }
}

// newChains returns a workload of sagas with n nodes, one after the other.
func newChains(n int) func() *workload { return newStages(n, 1, false) }

// newFans returns a workload of sagas with n parallel nodes and one after them.
func newFans(n int) func() *workload { return newStages(1, n, true) }

func stageNode(stage, place int) saga.NodeName {
	return saga.NodeName(fmt.Sprintf("n%d_%d", stage, place))
}
