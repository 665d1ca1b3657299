package inspect

import (
	"strings"

	"github.com/sagagen/sagagen/internal/layered"
)

const (
	longest     = 44 // the maximum number of characters in a line
	shortLine   = 28 // up to this number of characters, a line isn't broken
	lineHeight  = 15
	nameHeight  = 19
	padding     = 10
	leastWidth  = 96
	screenWidth = 1120 // up to this width, a picture goes from left to right
)

// textLine is a line of text in a node or on an edge.
type textLine struct {
	class, text string
	// typ is the type behind the text, in another color.
	typ string
	// indent is a number of characters.
	indent int
}

func (l textLine) width() float64 {
	size := 11.0
	if l.class == "name" {
		size = 13
	}
	return textWidth(strings.Repeat(" ", l.indent)+strings.TrimSpace(l.text+" "+l.typ), size)
}

// box is a drawn node.
type box struct {
	lines []textLine
	// stripe is the class of the bar on the left. The box of the parameters has
	// none.
	stripe string
	layered.Size
}

// picture is a drawn graph.
type picture struct {
	layered.Layout
	boxes  []box // the parameters, then the nodes
	labels [][]textLine
	edges  []Edge
	// sideways says that the layers go from left to right, not from top to
	// bottom.
	sideways bool
}

// newPicture lays out a graph from left to right if that fits on a screen or
// makes the longer side shorter. Otherwise it goes from top to bottom.
func newPicture(g *Graph) *picture {
	down, across := layOut(g, false), layOut(g, true)
	if across.Width <= screenWidth || max(across.Width, across.Height) < max(down.Width, down.Height) {
		return across
	}
	return down
}

func layOut(g *Graph, sideways bool) *picture {
	p := &picture{sideways: sideways, boxes: []box{paramsBox(g)}}
	index := map[string]int{}
	for i := range g.Nodes {
		index[g.Nodes[i].Name] = len(p.boxes)
		p.boxes = append(p.boxes, nodeBox(&g.Nodes[i]))
	}
	hasEdge := map[string]bool{}
	for _, e := range g.Edges {
		hasEdge[e.To] = true
	}
	var edges []layered.Edge
	add := func(e Edge) {
		var lines []textLine
		for _, d := range e.Data {
			lines = append(lines, dataLine("", d))
		}
		p.labels = append(p.labels, lines)
		p.edges = append(p.edges, e)
		edges = append(edges, layered.Edge{From: index[e.From], To: index[e.To], Label: p.turn(labelSize(lines))})
	}
	for i := range g.Nodes {
		if name := g.Nodes[i].Name; !hasEdge[name] {
			add(Edge{To: name, Order: true}) // from the parameters, which have the index 0 and no name
		}
	}
	for _, e := range g.Edges {
		add(e)
	}
	var sizes []layered.Size
	for _, b := range p.boxes {
		sizes = append(sizes, p.turn(b.Size))
	}
	p.Layout = layered.Place(sizes, edges, p.options())
	p.Size = p.turn(p.Size)
	for i, at := range p.Boxes {
		p.Boxes[i] = p.turnPoint(at)
	}
	for _, r := range p.Routes {
		for i, at := range r.Points {
			r.Points[i] = p.turnPoint(at)
		}
	}
	for i := range p.Routes {
		p.Routes[i].Label = p.turnPoint(p.Routes[i].Label)
	}
	return p
}

func (p *picture) options() layered.Options {
	if p.sideways {
		return layered.Options{BoxGap: 20, LayerGap: 56}
	}
	return layered.Options{BoxGap: 28, LayerGap: 44}
}

func (p *picture) turn(s layered.Size) layered.Size {
	if p.sideways {
		return layered.Size{Width: s.Height, Height: s.Width}
	}
	return s
}

func (p *picture) turnPoint(at layered.Point) layered.Point {
	if p.sideways {
		return layered.Point{X: at.Y, Y: at.X}
	}
	return at
}

// dataLine returns a line with the name and the type of a value.
func dataLine(class string, d Data) textLine {
	typ := d.Type
	if d.UndoOnly {
		typ += " (undo)"
	}
	name := shorten(d.Name, longest/2)
	return textLine{class: class, text: name, typ: shorten(typ, longest-len([]rune(name)))}
}

func labelSize(lines []textLine) layered.Size {
	if len(lines) == 0 {
		return layered.Size{}
	}
	size := layered.Size{Height: float64(len(lines))*lineHeight + 4}
	for _, l := range lines {
		size.Width = max(size.Width, l.width()+10)
	}
	return size
}

func paramsBox(g *Graph) box {
	b := box{lines: []textLine{{class: "params", text: shorten(g.Params, longest)}}}
	b.Size = layered.Size{Width: b.lines[0].width() + 2*padding + 8, Height: 28}
	return b
}

func nodeBox(n *Node) box {
	b := box{stripe: n.stripe(), lines: []textLine{{class: "name", text: n.Name}}}
	add := func(class, text string) {
		b.lines = append(b.lines, textLine{class: class, text: shorten(text, longest)})
	}
	if n.Label != "" {
		add("dim", n.Label)
	}
	if alias := n.alias(); alias != "" {
		add("dim", alias)
	}
	for _, d := range n.Params {
		b.lines = append(b.lines, dataLine("input", d))
	}
	if n.Output != "" {
		add("output", "→ "+n.Output)
	}
	if n.Do != nil {
		if policy := n.Do.policy(); len(policy) > 0 {
			add("", strings.Join(policy, ", "))
		}
	}
	if n.Undo != nil {
		if line := n.undoLine(); len(line) <= shortLine {
			add("undo", line)
		} else {
			add("undo", "undo: "+n.Undo.short())
			if terms := n.undo((*Func).short)[1:]; len(terms) > 0 {
				add("undo", strings.Join(terms, ", "))
				b.lines[len(b.lines)-1].indent = 2
			}
		}
	}
	b.Size = layered.Size{Width: leastWidth, Height: nameHeight + float64(len(b.lines)-1)*lineHeight + padding + 4}
	for _, l := range b.lines {
		b.Width = max(b.Width, l.width()+2*padding+4)
	}
	return b
}

// stripe returns the class of the bar that shows the kind of a node.
func (n *Node) stripe() string {
	switch {
	case n.Kind != "action":
		return n.Kind
	case n.Undo != nil:
		return "undoable"
	}
	return "final"
}

// write draws the edges first, so that no line covers text.
func (p *picture) write(w *svgWriter) {
	for i, e := range p.edges {
		class, head := "edge", "head"
		if len(e.Data) > 0 {
			class, head = "edge data", "datahead"
		}
		if !e.Order {
			class += " far"
		}
		w.line(`    <path class="%s" marker-end="url(#%s)" d="%s"/>`, class, head, p.path(p.Routes[i].Points))
	}
	for i, lines := range p.labels {
		if len(lines) > 0 {
			p.writeLabel(w, lines, p.Routes[i].Label)
		}
	}
	for i, b := range p.boxes {
		b.write(w, p.Boxes[i])
	}
}

// path returns the SVG path of an edge. Where the edge goes to the side, it is
// a curve that starts and ends at a right angle to the layers, so that it stays
// between them.
func (p *picture) path(points []layered.Point) string {
	var b strings.Builder
	curve := func(c1, c2, to layered.Point) {
		b.WriteString(" C" + position(c1) + " " + position(c2) + " " + position(to))
	}
	last := points[0]
	b.WriteString("M" + position(last))
	for i, at := range points[1:] {
		middle := layered.Point{X: (last.X + at.X) / 2, Y: (last.Y + at.Y) / 2}
		switch {
		case at == last:
		case i%2 == 0 || at.X == last.X || at.Y == last.Y:
			b.WriteString(" L" + position(at))
		case p.sideways:
			curve(layered.Point{X: middle.X, Y: last.Y}, layered.Point{X: middle.X, Y: at.Y}, at)
		default:
			curve(layered.Point{X: last.X, Y: middle.Y}, layered.Point{X: at.X, Y: middle.Y}, at)
		}
		last = at
	}
	return b.String()
}

func position(at layered.Point) string { return number(at.X) + " " + number(at.Y) }

func (p *picture) writeLabel(w *svgWriter, lines []textLine, at layered.Point) {
	size := labelSize(lines)
	w.line(`    <rect class="paper" x="%s" y="%s" width="%s" height="%s" rx="3"/>`,
		number(at.X-size.Width/2), number(at.Y-size.Height/2), number(size.Width), number(size.Height))
	y := at.Y - size.Height/2 + 13
	for _, l := range lines {
		l.write(w, `text-anchor="middle" `, at.X, y)
		y += lineHeight
	}
}

func (b *box) write(w *svgWriter, at layered.Point) {
	x, y := at.X-b.Width/2, at.Y-b.Height/2
	if b.stripe == "" {
		w.line(`    <rect class="pill" x="%s" y="%s" width="%s" height="%s" rx="14"/>`,
			number(x), number(y), number(b.Width), number(b.Height))
		b.lines[0].write(w, `text-anchor="middle" `, at.X, at.Y+4)
		return
	}
	w.line(`    <rect class="box" x="%s" y="%s" width="%s" height="%s" rx="5"/>`,
		number(x), number(y), number(b.Width), number(b.Height))
	w.line(`    <rect class="%s" x="%s" y="%s" width="4" height="%s" rx="2"/>`,
		b.stripe, number(x), number(y), number(b.Height))
	y += padding/2 + 14
	for _, l := range b.lines {
		l.write(w, "", x+padding+4+textWidth(strings.Repeat(" ", l.indent), 11), y)
		y += lineHeight
		if l.class == "name" {
			y += nameHeight - lineHeight - 2
		}
	}
}

func (l textLine) write(w *svgWriter, attributes string, x, y float64) {
	if l.class != "" {
		attributes += `class="` + l.class + `" `
	}
	text := escape(l.text)
	switch {
	case l.typ == "":
	case l.class == "input":
		text += " " + escape(l.typ)
	default:
		text += ` <tspan class="type">` + escape(l.typ) + `</tspan>`
	}
	w.line(`    <text %sx="%s" y="%s">%s</text>`, attributes, number(x), number(y), text)
}
