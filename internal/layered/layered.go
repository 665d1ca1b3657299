// Package layered computes layouts of directed acyclic graphs in layers: the
// positions of boxes and the routes of edges. It knows neither the content of
// the boxes nor a picture format.
//
// A box is in the layer after the last of its predecessors. An edge that passes
// layers has its own place in each of them. So does its label, which is in a
// layer between two layers of boxes. Therefore nothing overlaps: the items of a
// layer are side by side, and edges bend only between layers.
//
// A graph has the same layout on every machine. Where a product is added to
// something, it is first converted to float64. This keeps the compiler from
// fusing both operations into one with a different rounding.
//
// Layers are stacked from top to bottom. For layers from left to right, swap
// widths and heights before and after.
package layered

// Size is the size of a box or a label.
type Size struct{ Width, Height float64 }

// Edge connects two boxes.
type Edge struct {
	From, To int // indices of boxes
	// Label is the size of the edge's label. The zero value means no label.
	Label Size
}

// Options are the distances in a layout.
type Options struct {
	// BoxGap is the distance between neighboring boxes in a layer.
	BoxGap float64
	// LayerGap is the space for edges between two layers of boxes, half of it
	// on each side of their labels. The space is half as large if there are no
	// labels, and larger if edges go far to the side.
	LayerGap float64
}

// Point is a position. X grows to the right, Y downwards.
type Point struct{ X, Y float64 }

// Layout is the layout of a graph. Its top left corner is at zero.
type Layout struct {
	Size
	// Boxes are the centers of the boxes.
	Boxes []Point
	// Routes are the routes of the edges.
	Routes []Route
}

// Route is the route of an edge.
type Route struct {
	// Points are the start of the edge, two points for each layer, where the
	// edge enters and leaves it, and the end. Within a layer, the edge goes
	// straight down. Between layers, draw a straight line, or a curve that
	// starts and ends vertically.
	Points []Point
	// Label is the center of the label, if the edge has one.
	Label Point
}

// Place computes the layout of a graph. Each edge must lead from a lower to a
// higher index.
func Place(boxes []Size, edges []Edge, options Options) Layout {
	d := newDrawing(boxes, edges, options)
	d.order()
	d.attach()
	d.align()
	for range 3 {
		d.straighten()
	}
	d.stack()
	return d.layout()
}
