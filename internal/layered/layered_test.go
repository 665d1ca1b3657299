package layered

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var distances = Options{BoxGap: 20, LayerGap: 40}

// random returns a random graph. Some of its edges have labels.
func random(r *rand.Rand, boxes int) ([]Size, []Edge) {
	var sizes []Size
	var edges []Edge
	for i := range boxes {
		sizes = append(sizes, Size{40 + float64(r.IntN(200)), 20 + float64(r.IntN(90))})
		for from := range i {
			if r.Float64() < 2.2/float64(boxes) || i-from < 6 && r.IntN(5) == 0 {
				e := Edge{From: from, To: i}
				if r.IntN(3) > 0 {
					e.Label = Size{30 + float64(r.IntN(150)), 15}
				}
				edges = append(edges, e)
			}
		}
	}
	return sizes, edges
}

type rectangle struct{ left, top, right, bottom float64 }

func around(center Point, size Size) rectangle {
	x, y := size.Width/2, size.Height/2
	return rectangle{center.X - x, center.Y - y, center.X + x, center.Y + y}
}

func (r rectangle) overlaps(o rectangle) bool {
	const slack = 1e-6
	return r.left < o.right-slack && o.left < r.right-slack && r.top < o.bottom-slack && o.top < r.bottom-slack
}

// samples returns points on a drawn edge, which is straight within layers and
// curved between them.
func samples(r Route) []Point {
	var points []Point
	for i := range r.Points[1:] {
		from, to := r.Points[i], r.Points[i+1]
		for step := range 51 {
			t := float64(step) / 50
			at := Point{from.X + (to.X-from.X)*t, from.Y + (to.Y-from.Y)*t}
			if i%2 == 1 {
				at.X = from.X + (to.X-from.X)*t*t*(3-2*t)
				at.Y = from.Y + (to.Y-from.Y)*(1.5*t*(1-t)+t*t*t)
			}
			points = append(points, at)
		}
	}
	return points
}

// check asserts that a picture is readable: boxes and labels don't overlap, and
// edges don't cross them.
func check(t *testing.T, sizes []Size, edges []Edge, l Layout) {
	t.Helper()
	var rectangles []rectangle // boxes, then labels
	var label []int            // the edge of each label
	for i, at := range l.Boxes {
		rectangles = append(rectangles, around(at, sizes[i]))
	}
	for i, e := range edges {
		if e.Label != (Size{}) {
			rectangles = append(rectangles, around(l.Routes[i].Label, e.Label))
			label = append(label, i)
		}
	}
	for i, a := range rectangles {
		inside := a.left > -1e-6 && a.top > -1e-6 && a.right < l.Width+1e-6 && a.bottom < l.Height+1e-6
		require.True(t, inside, "%d %v is outside of %v", i, a, l.Size)
		for j, b := range rectangles[:i] {
			if a.overlaps(b) {
				t.Fatalf("%d %v and %d %v overlap", i, a, j, b)
			}
		}
	}
	for i, e := range edges {
		points := l.Routes[i].Points
		require.Equal(t, rectangles[e.From].bottom, points[0].Y)
		require.Equal(t, rectangles[e.To].top, points[len(points)-1].Y)
		for _, at := range samples(l.Routes[i]) {
			for j, r := range rectangles {
				if j >= len(sizes) && label[j-len(sizes)] == i {
					continue // its own label
				}
				inside := at.X > r.left && at.X < r.right && at.Y > r.top+1e-6 && at.Y < r.bottom-1e-6
				if inside {
					t.Fatalf("edge %v goes through %d at %v", e, j, at)
				}
			}
		}
	}
}

func TestNothingOverlaps(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for boxes := 1; boxes <= 100; boxes += 1 + boxes/4 {
		for range 2 {
			sizes, edges := random(r, boxes)
			l := Place(sizes, edges, distances)
			check(t, sizes, edges, l)
			require.Equal(t, l, Place(sizes, edges, distances), "layouts of two runs differ")
		}
	}
}

func TestChainIsStraight(t *testing.T) {
	sizes := []Size{{50, 20}, {90, 30}, {60, 20}}
	l := Place(sizes, []Edge{{From: 0, To: 1, Label: Size{70, 15}}, {From: 1, To: 2}}, distances)
	check(t, sizes, []Edge{{From: 0, To: 1, Label: Size{70, 15}}, {From: 1, To: 2}}, l)
	for _, at := range l.Boxes {
		assert.InDelta(t, 45, at.X, 0.01)
	}
	assert.InDelta(t, 45, l.Routes[0].Label.X, 0.01)
	assert.InDelta(t, 90, l.Width, 0.01)
}

func TestBoxIsInTheLayerAfterItsLastPredecessor(t *testing.T) {
	edges := []Edge{{From: 0, To: 1}, {From: 1, To: 2}, {From: 0, To: 3}, {From: 2, To: 4}, {From: 3, To: 4}}
	l := Place(make([]Size, 5), edges, distances)
	assert.Less(t, l.Boxes[0].Y, l.Boxes[1].Y)
	assert.Equal(t, l.Boxes[1].Y, l.Boxes[3].Y)
	assert.Less(t, l.Boxes[2].Y, l.Boxes[4].Y)
}

func TestOrderRemovesAvoidableCrossings(t *testing.T) {
	// Three trees, declared in an order in which their edges cross.
	var edges []Edge
	for i := range 3 {
		edges = append(edges, Edge{From: i, To: 5 - i}, Edge{From: 5 - i, To: 6 + i}, Edge{From: i, To: 9 + i})
	}
	d := newDrawing(make([]Size, 12), edges, distances)
	require.Positive(t, d.crossings())
	d.order()
	assert.Zero(t, d.crossings())
}

func TestCrossingsAreCounted(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		sizes, edges := random(r, 2+r.IntN(20))
		d := newDrawing(sizes, edges, distances)
		want := 0
		for _, l := range d.layers {
			for i, a := range l.items {
				for _, b := range l.items[:i] {
					for _, p := range a.below {
						for _, q := range b.below {
							if p.to.rank < q.to.rank {
								want++
							}
						}
					}
				}
			}
		}
		require.Equal(t, want, d.crossings())
	}
}

func TestEmptyGraphHasNoSize(t *testing.T) {
	l := Place(nil, nil, distances)
	assert.Zero(t, l.Width+l.Height)
	assert.False(t, math.IsNaN(l.Width))
}

func BenchmarkPlace100(b *testing.B) {
	sizes, edges := random(rand.New(rand.NewPCG(1, 2)), 100)
	for b.Loop() {
		Place(sizes, edges, distances)
	}
}
