package saga_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// randomDAG returns a DAG of stages, nodes with explicit edges, and subsagas.
func randomDAG(t testing.TB, r *rand.Rand, depth int) *saga.DAG {
	t.Helper()
	b := saga.NewDAGBuilder("random")
	var names []saga.NodeName
	node := func() saga.Node {
		name := saga.NodeName(fmt.Sprintf("n%d", len(names)))
		names = append(names, name)
		if depth > 0 && r.IntN(4) == 0 {
			return saga.SubsagaNode(name, randomDAG(t, r, depth-1), saga.FromParams)
		}
		return action(name)
	}
	for range 1 + r.IntN(6) {
		if r.IntN(2) == 0 {
			stage := make([]saga.Node, 1+r.IntN(3))
			for i := range stage {
				stage[i] = node()
			}
			b.AppendParallel(stage...)
			continue
		}
		var after []saga.NodeName
		for _, name := range names {
			if r.IntN(3) == 0 {
				after = append(after, name)
			}
		}
		r.Shuffle(len(after), func(i, j int) { after[i], after[j] = after[j], after[i] })
		b.Node(node(), after...)
	}
	return build(t, b.Append(action("last")))
}

// TestLookupFindsExactlyTheAncestors compares Lookup with a search through all
// nodes that a node runs after.
func TestLookupFindsExactlyTheAncestors(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		d := withParams(t, randomDAG(t, r, 1), nil)
		for id := engine.NodeID(0); d.Contains(id); id++ {
			if d.Kind(id) != engine.KindAction {
				continue
			}
			above := map[engine.NodeID]bool{}
			var walk func(engine.NodeID)
			walk = func(id engine.NodeID) {
				for _, p := range d.Parents(id) {
					if !above[p] {
						above[p] = true
						walk(p)
					}
				}
			}
			walk(id)
			ctx := callAtNode(d, id)
			folder, _ := cutLast(d.Path(id))
			for other := engine.NodeID(0); d.Contains(other); other++ {
				otherFolder, name := cutLast(d.Path(other))
				if d.Path(other) == "" || otherFolder != folder {
					continue
				}
				_, err := ctx.RawLookup(name)
				require.Equal(t, above[other], err == nil, "%q from %q in\n%s", d.Path(other), d.Path(id), shape(d.DAG))
			}
		}
	}
}

func cutLast(path saga.NodePath) (folder string, name saga.NodeName) {
	i := strings.LastIndexByte(string(path), '/') + 1
	return string(path[:i]), saga.NodeName(path[i:])
}

// BenchmarkLookup looks up the first node of a chain from the last. The cost
// should not depend on the length.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000 - 2} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := withParams(b, chain(b, n), nil)
			ctx := callAtNode(d, d.Output())
			for b.Loop() {
				if _, err := ctx.RawLookup("n0"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
