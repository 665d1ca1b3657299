package layered

// drawing is a graph while it is laid out.
type drawing struct {
	Options
	edges []Edge
	items []*item // the boxes, then the places of edges
	// layers contain the items, ordered from left to right after order. Layers
	// of boxes have even indices, layers of labels odd ones.
	layers []*layer
	// chains are the items on each edge, including its boxes.
	chains [][]*item
}

// item is a box, or the place where an edge passes a layer.
type item struct {
	Size
	label bool // a place with a label
	box   bool
	layer int
	rank  int // the index in the layer, from the left
	x     float64
	// above are the pieces of edges that end here, below those that start here.
	above, below []*piece
}

// piece is the part of an edge between two neighboring layers.
type piece struct {
	from, to *item
	// fromOffset and toOffset are the horizontal distances of its ends from the
	// centers of the items.
	fromOffset, toOffset float64
	// weight says how important it is that the piece is straight.
	weight float64
}

type layer struct {
	items       []*item
	top, bottom float64
}

// newDrawing assigns boxes to layers and cuts the edges into pieces.
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

// weigh sets the weight of a piece. The weight is high in the middle of an
// edge, and low for one of several pieces at a box, which bend there anyway.
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

// cut adds the places of an edge to the layers that it passes. The label gets
// the last place, above the target box. So the labels of all edges to a box are
// in one row.
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

// laneWidth is the width of a place without a label.
const laneWidth = 10

// number sets the ranks of the items in a layer.
func (l *layer) number() {
	for i, it := range l.items {
		it.rank = i
	}
}
