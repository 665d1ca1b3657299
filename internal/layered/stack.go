package layered

import "math"

// stack puts the layers below each other. If edges go far to the side, it adds
// room between the layers, so that the edges aren't too flat.
func (d *drawing) stack() {
	y := 0.0
	for i, l := range d.layers {
		height, labels := 0.0, i%2 == 1
		for _, it := range l.items {
			height = max(height, it.Height)
		}
		if i > 0 {
			gap := d.LayerGap / 2
			if labels && height == 0 || !labels && d.layers[i-1].height() == 0 {
				gap = d.LayerGap / 4 // one of the layers contains only places without labels
			}
			y += gap + min(float64(d.LayerGap*1.5), float64(0.12*l.slant()))
		}
		l.top, l.bottom = y, y+height
		y += height
	}
}

func (l *layer) height() float64 { return l.bottom - l.top }

// slant returns the maximum horizontal distance that a piece covers between the
// layer above and this one.
func (l *layer) slant() float64 {
	most := 0.0
	for _, it := range l.items {
		for _, p := range it.above {
			most = max(most, math.Abs(p.from.x+p.fromOffset-p.to.x-p.toOffset))
		}
	}
	return most
}

// layout returns the positions, moved so that the top left corner is at zero.
func (d *drawing) layout() Layout {
	left, right := math.Inf(1), math.Inf(-1)
	for _, it := range d.items {
		left = min(left, it.x-it.Width/2)
		right = max(right, it.x+it.Width/2)
	}
	var out Layout
	for _, it := range d.items {
		it.x -= left
		if it.box {
			out.Boxes = append(out.Boxes, Point{it.x, d.layers[it.layer].middle()})
		}
	}
	for _, chain := range d.chains {
		out.Routes = append(out.Routes, d.route(chain))
	}
	if len(d.items) > 0 {
		out.Width, out.Height = right-left, d.layers[len(d.layers)-1].bottom
	}
	return out
}

func (l *layer) middle() float64 { return (l.top + l.bottom) / 2 }

// route returns the route of an edge.
func (d *drawing) route(chain []*item) Route {
	first, last := chain[0], chain[len(chain)-1]
	start := first.below[find(first.below, chain[1])]
	end := last.above[find(last.above, chain[len(chain)-2])]
	r := Route{}
	x, l := first.x+start.fromOffset, d.layers[first.layer]
	r.Points = append(r.Points, Point{x, l.middle() + first.Height/2}, Point{x, l.bottom})
	for i, place := range chain[1 : len(chain)-1] {
		l := d.layers[place.layer]
		if !place.label && place.layer%2 == 1 {
			next := Point{last.x + end.toOffset, d.layers[place.layer+1].top}
			if i+2 < len(chain)-1 {
				next.X = chain[i+2].x
			}
			if l.clear(place, r.Points[len(r.Points)-1], next) {
				continue
			}
		}
		r.Points = append(r.Points, Point{place.x, l.top}, Point{place.x, l.bottom})
		if place.label {
			r.Label = Point{place.x, l.middle()}
		}
	}
	x, l = last.x+end.toOffset, d.layers[last.layer]
	r.Points = append(r.Points, Point{x, l.top}, Point{x, l.middle() - last.Height/2})
	return r
}

// clear reports whether the place of an edge can be left out of its route. The
// curve that passes the layer must not touch a label, and must stay between the
// neighbors of the place.
func (l *layer) clear(place *item, from, to Point) bool {
	const steps, around = 64, 6
	low, high := math.Inf(-1), math.Inf(1)
	if place.rank > 0 {
		low = l.items[place.rank-1].x
	}
	if place.rank < len(l.items)-1 {
		high = l.items[place.rank+1].x
	}
	for i := range steps {
		t := float64(i) / steps
		// The point of a cubic curve at t, with its control points halfway
		// between the layers.
		x := from.X + float64((to.X-from.X)*t*t*(3-2*t))
		y := from.Y + float64((to.Y-from.Y)*(float64(1.5*t*(1-t))+float64(t*t*t)))
		if y < l.top-around || y > l.bottom+around {
			continue
		}
		if x < low || x > high {
			return false
		}
		for _, it := range l.items {
			if it.label && x > it.x-it.Width/2-around && x < it.x+it.Width/2+around {
				return false
			}
		}
	}
	return true
}

// find returns the index of the piece whose other end is an item.
func find(pieces []*piece, other *item) int {
	for i, p := range pieces {
		if p.from == other || p.to == other {
			return i
		}
	}
	panic("layered: edge has no piece to its next item")
}
