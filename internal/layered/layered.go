// Package layered draws directed acyclic graphs in layers: it says where their boxes stand and which
// way their edges go. It knows nothing of what is in the boxes, and of no picture format.
//
// A box stands in the layer behind the last of those that lead to it. An edge passes each layer between its
// ends at a place of its own, and so does its label, which has a layer between two of boxes. Therefore nothing
// can overlap: all that is in a layer stands side by side, and edges bend only between layers.
//
// The same graph has the same layout on every machine: where a product is added to something, it is converted to
// float64 first, which keeps the compiler from doing both in one step with another rounding.
//
// Layers lie below each other, from the top down. To have them from left to right, swap width and height
// before and after.
package layered

// Size is the extent of a box or of a label.
type Size struct{ Width, Height float64 }

// Edge leads from a box to another, by their indices.
type Edge struct {
	From, To int
	// Label is the room that the edge's label takes. It has none if that's the zero value.
	Label Size
}

// Options are distances.
type Options struct {
	// Beside is the distance between two boxes of a layer, and Between that between two layers
	// where no edge goes far to the side.
	Beside, Between float64
}

// Point is a place. X grows to the right, Y downwards.
type Point struct{ X, Y float64 }

// Layout is where everything is. It begins at zero.
type Layout struct {
	Size
	// Boxes are the centers of the boxes.
	Boxes []Point
	// Routes are the ways of the edges.
	Routes []Route
}

// Route is the way of an edge.
type Route struct {
	// Points are two for each layer that the edge passes, where it enters and where it leaves it, and
	// one at each end. From one layer to the next it leads straight or in a curve that begins and
	// ends vertically, at will; within a layer it leads straight down.
	Points []Point
	// Label is the center of the label.
	Label Point
}

// Place lays a graph out. The edges lead from lower to higher indices.
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
