package saga_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestTooLargeDAGsAreRejected(t *testing.T) {
	t.Run("multiplied subsagas", func(t *testing.T) {
		dag := chain(t, 60_000)
		_, err := saga.NewDAGBuilder("twice").
			AppendParallel(saga.SubsagaNode("one", dag, saga.FromParams),
				saga.SubsagaNode("two", dag, saga.FromParams)).
			Append(action("a")).Build()
		assert.EqualError(t, err,
			`saga "twice": node "two": too large: 120006 nodes with this subsaga, the limit is 100000`)
		assert.ErrorIs(t, err, saga.ErrTooLarge)
	})
	t.Run("nested subsagas", func(t *testing.T) {
		dag := build(t, saga.NewDAGBuilder("leaf").Append(action("a")))
		name := saga.NodeName(strings.Repeat("x", 100))
		var err error
		for depth := 1; err == nil; depth++ {
			require.LessOrEqual(t, depth, 11)
			dag, err = saga.NewDAGBuilder("deep").Append(saga.SubsagaNode(name, dag, saga.FromParams)).Build()
		}
		assert.EqualError(t, err, `saga "deep": too large: node 11: its path is 1110 bytes long, the limit is 1024`)
	})
	t.Run("edges", func(t *testing.T) {
		stage := func(prefix string) []saga.Node {
			nodes := make([]saga.Node, 1001)
			for i := range nodes {
				nodes[i] = action(saga.NodeName(fmt.Sprintf("%s%d", prefix, i)))
			}
			return nodes
		}
		_, err := saga.NewDAGBuilder("wide").AppendParallel(stage("a")...).AppendParallel(stage("b")...).
			Append(action("c")).Build()
		assert.EqualError(t, err, `saga "wide": too large: more than 1000000 edges`)
	})
}

// BenchmarkBuild builds DAGs of many sizes. The time per node should not depend
// on the size.
func BenchmarkBuild(b *testing.B) {
	for name, build := range map[string]func(testing.TB, int) *saga.DAG{"chain": chain, "fan": fan,
		"fan of Node": nodeFan} {
		for _, n := range []int{10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					build(b, n)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/node")
			})
		}
	}
}
