package layered

import (
	"cmp"
	"math"
	"slices"
)

// attach spreads the ends of edges over the sides of boxes, in the order of
// their other ends.
func (d *drawing) attach() {
	for _, it := range d.items {
		if !it.box {
			continue
		}
		slices.SortStableFunc(it.above, func(p, q *piece) int { return cmp.Compare(p.from.rank, q.from.rank) })
		slices.SortStableFunc(it.below, func(p, q *piece) int { return cmp.Compare(p.to.rank, q.to.rank) })
		for i, p := range it.above {
			p.toOffset = it.port(i, len(it.above))
		}
		for i, p := range it.below {
			p.fromOffset = it.port(i, len(it.below))
		}
	}
}

// port returns the distance of the end of edge i of n from the center of a box.
func (it *item) port(i, n int) float64 {
	if n == 1 {
		return 0
	}
	distance := min(28, it.Width*0.7/float64(n-1))
	return float64((float64(i) - float64(n-1)/2) * distance)
}

// passes is the number of times that items are pulled toward the items above
// and below. More passes make no visible difference.
const passes = 40

// align sets the horizontal positions of items, close to the items that they
// are connected to.
func (d *drawing) align() {
	for _, l := range d.layers {
		l.spread(d.BoxGap)
	}
	for pass := range passes {
		if pass%2 == 0 {
			for _, l := range d.layers {
				l.pull(d.BoxGap, true, pass > passes/2)
			}
		} else {
			for _, l := range slices.Backward(d.layers) {
				l.pull(d.BoxGap, pass > passes/2, true)
			}
		}
	}
}

// spread puts the items of a layer side by side, centered at zero.
func (l *layer) spread(gap float64) {
	x := 0.0
	for i, it := range l.items {
		if i > 0 {
			x += distance(l.items[i-1], it, gap)
		}
		it.x = x
	}
	for _, it := range l.items {
		it.x -= x / 2
	}
}

// distance returns the minimum distance between the centers of two neighbors.
func distance(left, right *item, gap float64) float64 {
	if !left.box || !right.box {
		gap /= 2
	}
	if !left.box && !right.box && !left.label && !right.label {
		gap = 0
	}
	return left.Width/2 + gap + right.Width/2
}

// pull moves the items of a layer to positions where their pieces are as
// straight as possible: those above, those below, or both. It computes the
// exact minimum of the weighted squares of the distances. Neighbors that would
// collide become a block, whose position is the weighted mean of the positions
// that its items
// want.
func (l *layer) pull(gap float64, above, below bool) {
	type block struct {
		first       int // the index of its first item
		sum, weight float64
	}
	offsets := make([]float64, len(l.items)) // from the left end of the layer, if the items were as close as possible
	var blocks []block
	for i, it := range l.items {
		if i > 0 {
			offsets[i] = offsets[i-1] + distance(l.items[i-1], it, gap)
		}
		wanted, weight := it.wanted(above, below)
		b := block{i, float64((wanted - offsets[i]) * weight), weight}
		for n := len(blocks); n > 0 && blocks[n-1].sum/blocks[n-1].weight > b.sum/b.weight; n-- {
			b = block{blocks[n-1].first, blocks[n-1].sum + b.sum, blocks[n-1].weight + b.weight}
			blocks = blocks[:n-1]
		}
		blocks = append(blocks, b)
	}
	for n, b := range blocks {
		end := len(l.items)
		if n+1 < len(blocks) {
			end = blocks[n+1].first
		}
		for i := b.first; i < end; i++ {
			l.items[i].x = b.sum/b.weight + offsets[i]
		}
	}
}

// wanted returns the weighted mean of the positions at which the pieces of an
// item are straight.
func (it *item) wanted(above, below bool) (x, weight float64) {
	sum := 0.0
	if above || len(it.below) == 0 {
		for _, p := range it.above {
			sum += float64(p.weight * (p.from.x + p.fromOffset - p.toOffset))
			weight += p.weight
		}
	}
	if below || len(it.above) == 0 {
		for _, p := range it.below {
			sum += float64(p.weight * (p.to.x + p.toOffset - p.fromOffset))
			weight += p.weight
		}
	}
	if weight == 0 {
		return it.x, 0.1
	}
	return sum / weight, weight
}

// straighten puts the places of a long edge exactly below each other, as many
// in a row as there is room for. If the edge is the only one on a side of a
// box, it also aligns them with its end there.
func (d *drawing) straighten() {
	for _, chain := range d.chains {
		places := chain[1 : len(chain)-1]
		for len(places) > 0 {
			low, high := d.room(places[0])
			sum, n := places[0].x, 1
			for ; n < len(places); n++ {
				l, h := d.room(places[n])
				if max(low, l) > min(high, h) {
					break
				}
				low, high = max(low, l), min(high, h)
				sum += places[n].x
			}
			x := sum / float64(n)
			first, last := chain[0], chain[len(chain)-1]
			switch {
			case n == len(places) && len(last.above) == 1:
				x = last.x
			case places[0] == chain[1] && len(first.below) == 1:
				x = first.x
			}
			x = min(max(x, low), high)
			for _, place := range places[:n] {
				place.x = x
			}
			places = places[n:]
		}
	}
}

// room returns the range in which an item can move while its neighbors stay.
func (d *drawing) room(it *item) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	items := d.layers[it.layer].items
	if it.rank > 0 {
		left := items[it.rank-1]
		low = left.x + distance(left, it, d.BoxGap)
	}
	if it.rank < len(items)-1 {
		right := items[it.rank+1]
		high = right.x - distance(it, right, d.BoxGap)
	}
	return min(low, it.x), max(high, it.x)
}
