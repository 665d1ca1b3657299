package layered

// drawing is a graph while it is laid out.
type drawing struct {
	Options
	edges []Edge
	items []*item // the boxes first, then the places of edges
	// layers are the items from left to right, once they are ordered. Every other layer is for labels.
	layers []*layer
	// chains are the items that each edge passes, its ends included.
	chains [][]*item
}

// item is what takes room in a layer: a box, or the place where an edge passes.
type item struct {
	Size
	label bool // a place with a label
	box   bool
	layer int
	rank  int // in its layer, from the left
	x     float64
	// above and below are the edges' pieces that end and that begin here.
	above, below []*piece
}

// piece is what of an edge lies between two layers that follow each other.
type piece struct {
	from, to *item
	// fromOffset and toOffset are how far from the centers of the items it begins and ends.
	fromOffset, toOffset float64
	// weight is how much it matters that it is straight.
	weight float64
}

type layer struct {
	items       []*item
	top, bottom float64
}

// newDrawing finds the layers, and cuts the edges into pieces.
func newDrawing(boxes []Size, edges []Edge, options Options) *drawing {
	d := &drawing{Options: options, edges: edges}
	for _, size := range boxes {
		d.items = append(d.items, &item{Size: size, box: true})
	}
	incoming := make([][]int, len(boxes))
	for _, e := range edges {
		incoming[e.To] = append(incoming[e.To], e.From)
	}
	last := 0
	for to, list := range incoming {
		for _, from := range list {
			d.items[to].layer = max(d.items[to].layer, d.items[from].layer+2)
		}
		last = max(last, d.items[to].layer)
	}
	d.layers = make([]*layer, last+1)
	for i := range d.layers {
		d.layers[i] = new(layer)
	}
	for _, it := range d.items {
		d.layers[it.layer].items = append(d.layers[it.layer].items, it)
	}
	for _, e := range edges {
		d.chains = append(d.chains, d.cut(e))
	}
	for _, l := range d.layers {
		l.number()
	}
	for _, it := range d.items {
		for _, p := range it.below {
			p.weigh()
		}
	}
	return d
}

// weigh says how much it matters that a piece is straight: most in the middle of an edge, least where it is one
// of several that meet at a box, which has to bend there anyway.
func (p *piece) weigh() {
	single := p.from.box && len(p.from.below) == 1 || p.to.box && len(p.to.above) == 1
	switch {
	case !p.from.box && !p.to.box:
		p.weight = 8
	case single:
		p.weight = 6
	default:
		p.weight = 1
	}
}

// cut adds the places where an edge passes. Its label has the last, next to the box that it leads to: so all
// that a box takes can be read in one row.
func (d *drawing) cut(e Edge) []*item {
	from, to := d.items[e.From], d.items[e.To]
	chain := []*item{from}
	for layer := from.layer + 1; layer < to.layer; layer++ {
		place := &item{layer: layer, Size: Size{Width: laneWidth}}
		if layer == to.layer-1 && e.Label != (Size{}) {
			place.Size, place.label = e.Label, true
		}
		d.items = append(d.items, place)
		d.layers[layer].items = append(d.layers[layer].items, place)
		chain = append(chain, place)
	}
	chain = append(chain, to)
	for i := range chain[1:] {
		p := &piece{from: chain[i], to: chain[i+1]}
		p.from.below = append(p.from.below, p)
		p.to.above = append(p.to.above, p)
	}
	return chain
}

// laneWidth is the width of the place where an edge without a label passes.
const laneWidth = 10

// number tells the items of a layer their ranks.
func (l *layer) number() {
	for i, it := range l.items {
		it.rank = i
	}
}
