package layered

import (
	"cmp"
	"slices"
	"sort"
)

const (
	// sweeps is the maximum number of times that the layers are reordered, down
	// and up in turns. Most graphs don't change after a few sweeps.
	sweeps = 24
	// largeGraph is the number of items at which neighbors are no longer
	// swapped one by one, because the cost is quadratic.
	largeGraph = 6000
)

// order orders the items in each layer so that few edges cross. In each sweep,
// down and up in turns, it sorts the items by the mean rank of the items that
// they are connected to in the previous layer (the barycenter heuristic), and
// then swaps neighbors where this removes crossings. It keeps the best order.
func (d *drawing) order() {
	best, least := d.snapshot(), d.crossings()
	for sweep := 0; sweep < sweeps && least > 0; sweep++ {
		if sweep%2 == 0 {
			for _, l := range d.layers[1:] {
				l.sort((*item).centerAbove)
			}
		} else {
			for _, l := range slices.Backward(d.layers[:len(d.layers)-1]) {
				l.sort((*item).centerBelow)
			}
		}
		if len(d.items) < largeGraph {
			d.swapNeighbors()
		}
		if crossings := d.crossings(); crossings < least {
			best, least = d.snapshot(), crossings
		}
	}
	for i, l := range d.layers {
		l.items = best[i]
		l.number()
	}
}

func (d *drawing) snapshot() [][]*item {
	var list [][]*item
	for _, l := range d.layers {
		list = append(list, slices.Clone(l.items))
	}
	return list
}

// centerAbove returns the mean rank of the items above that an item is
// connected to.
func (it *item) centerAbove() (float64, bool) {
	sum := 0
	for _, p := range it.above {
		sum += p.from.rank
	}
	return float64(sum) / float64(len(it.above)), len(it.above) > 0
}

func (it *item) centerBelow() (float64, bool) {
	sum := 0
	for _, p := range it.below {
		sum += p.to.rank
	}
	return float64(sum) / float64(len(it.below)), len(it.below) > 0
}

// sort orders the items by their centers. Items without a center keep their
// ranks.
func (l *layer) sort(center func(*item) (float64, bool)) {
	centers := map[*item]float64{}
	var moved []*item
	for _, it := range l.items {
		if c, ok := center(it); ok {
			centers[it] = c
			moved = append(moved, it)
		}
	}
	slices.SortStableFunc(moved, func(a, b *item) int { return cmp.Compare(centers[a], centers[b]) })
	next := 0
	for i, it := range l.items {
		if _, ok := centers[it]; ok {
			l.items[i] = moved[next]
			next++
		}
	}
	l.number()
}

// swapNeighbors swaps neighboring items while this reduces the number of
// crossings.
func (d *drawing) swapNeighbors() {
	for again := true; again; {
		again = false
		for _, l := range d.layers {
			for i := range len(l.items) - 1 {
				a, b := l.items[i], l.items[i+1]
				if crossingsOf(a, b) > crossingsOf(b, a) {
					l.items[i], l.items[i+1] = b, a
					a.rank, b.rank = i+1, i
					again = true
				}
			}
		}
	}
}

// crossingsOf counts the crossings of the pieces of two items if left is on the
// left of right.
func crossingsOf(left, right *item) int {
	n := 0
	for _, p := range left.above {
		for _, q := range right.above {
			if p.from.rank > q.from.rank {
				n++
			}
		}
	}
	for _, p := range left.below {
		for _, q := range right.below {
			if p.to.rank > q.to.rank {
				n++
			}
		}
	}
	return n
}

// crossings counts all crossings, which are the inversions between neighboring
// layers.
func (d *drawing) crossings() int {
	n := 0
	for _, l := range d.layers {
		var ends []int // from the left, sorted
		for _, it := range l.items {
			here := make([]int, 0, len(it.below))
			for _, p := range it.below {
				i := sort.SearchInts(ends, p.to.rank+1)
				n += len(ends) - i
				here = append(here, p.to.rank)
			}
			for _, rank := range here {
				ends = slices.Insert(ends, sort.SearchInts(ends, rank), rank)
			}
		}
	}
	return n
}
