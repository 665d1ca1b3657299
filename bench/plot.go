package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// drawPlot draws the results as an SVG with a light and a dark color scheme.
// Cases with several client counts are lines over the clients. Shapes with
// several sizes are lines over the nodes. All other results are bars.
func drawPlot(results []result) []byte {
	panels := makePanels(results)
	var body bytes.Buffer
	y := margin
	for _, p := range panels {
		fmt.Fprintf(&body, "  <g transform=\"translate(%d %d)\">\n", margin, y)
		y += p.draw(&body) + margin
		body.WriteString("  </g>\n")
	}
	var svg bytes.Buffer
	fmt.Fprintf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "+
		"viewBox=\"0 0 %[1]d %[2]d\" role=\"img\">\n", plotWidth, y)
	var titles []string
	for _, p := range panels {
		titles = append(titles, p.caption())
	}
	fmt.Fprintf(&svg, "  <title>%s</title>\n%s", html.EscapeString(strings.Join(titles, "; ")), plotStyle)
	fmt.Fprintf(&svg, "  <rect class=\"page\" x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
		plotWidth-1, y-1)
	svg.Write(body.Bytes())
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

const (
	plotWidth = 860
	margin    = 24
)

// plotStyle has 8 colors for series, with about the same contrast in both color
// schemes. Further series reuse the colors with dashed lines.
const plotStyle = `  <style>
    text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2937 }
    .title { font-size: 15px; font-weight: 600 }
    .dim { fill: #64748b }
    .end { text-anchor: end }
    .middle { text-anchor: middle }
    .page { fill: #ffffff; stroke: #e2e8f0 }
    .grid { stroke: #e2e8f0; stroke-width: 1 }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round }
    .range { fill: none; stroke-width: 1.4 }
    .leader { opacity: .5 }
    .dashed { stroke-dasharray: 6 4 }
    .whisker { stroke: #1f2937; stroke-width: 1.2 }
    .s0 { --c: #2563eb } .s1 { --c: #ea580c } .s2 { --c: #16a34a } .s3 { --c: #9333ea }
    .s4 { --c: #dc2626 } .s5 { --c: #0891b2 } .s6 { --c: #a16207 } .s7 { --c: #64748b }
    .line, .range { stroke: var(--c) }
    .dot, .bar { fill: var(--c) }
    .bar { opacity: .8 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .dim { fill: #8b949e }
      .page { fill: #0d1117; stroke: #30363d }
      .grid { stroke: #21262d }
      .whisker { stroke: #e6edf3 }
      .s0 { --c: #60a5fa } .s1 { --c: #fb923c } .s2 { --c: #4ade80 } .s3 { --c: #c084fc }
      .s4 { --c: #f87171 } .s5 { --c: #22d3ee } .s6 { --c: #facc15 } .s7 { --c: #94a3b8 }
    }
  </style>
`

const colors = 8 // in plotStyle

// panel is one diagram of the plot.
type panel interface {
	caption() string
	// draw writes the diagram with its upper left corner at the origin, and
	// returns its height.
	draw(*bytes.Buffer) int
}

// point is the minimum, median and maximum of the rounds at a position x.
type point struct{ x, min, median, max float64 }

// makePanels assigns each result to one panel.
func makePanels(results []result) []panel {
	byClients := &lines{title: "Sagas per second", across: "concurrent clients"}
	byNodes := &lines{title: "Microseconds per node", across: "nodes"}
	rest := map[unit]*bars{}
	var panels []panel
	clients, sizes := map[string]int{}, map[string]int{}
	for _, r := range results {
		if r.Clients > 0 {
			clients[r.Name]++
		}
		if shape, sized := sizedShape(r); sized {
			sizes[shape]++
		}
	}
	for _, r := range results {
		shape, sized := sizedShape(r)
		switch {
		case r.Clients > 0 && clients[r.Name] > 1:
			byClients.add(r.Name, point{float64(r.Clients), r.Min, r.Median, r.Max})
		case sized && sizes[shape] > 1:
			perNode := func(perSecond float64) float64 { return 1e6 / perSecond / float64(r.Nodes) }
			byNodes.add(shape, point{float64(r.Nodes), perNode(r.Max), perNode(r.Median), perNode(r.Min)})
		default:
			if rest[r.Unit] == nil {
				rest[r.Unit] = &bars{unit: r.Unit}
			}
			rest[r.Unit].add(r)
		}
	}
	for _, l := range []*lines{byClients, byNodes} {
		if len(l.series) > 0 {
			panels = append(panels, l)
		}
	}
	for _, u := range []unit{sagasPerSecond, milliseconds} {
		if rest[u] != nil {
			panels = append(panels, rest[u])
		}
	}
	return panels
}

// sizedShape splits the size off the name of a case with one client: the shape
// of memory/chain-100 is memory/chain. It returns false for other results.
func sizedShape(r result) (shape string, sized bool) {
	end := strings.LastIndexByte(r.Name, '-')
	if end < 0 || r.Clients != 1 || r.Nodes == 0 || strings.Trim(r.Name[end+1:], "0123456789") != "" {
		return "", false
	}
	return r.Name[:end], true
}

// scale maps the values low to high to the positions from to to,
// logarithmically unless linear is set.
type scale struct {
	low, high float64
	from, to  float64
	linear    bool
}

func (s scale) at(value float64) float64 {
	position := (math.Log(value) - math.Log(s.low)) / (math.Log(s.high) - math.Log(s.low))
	if s.linear {
		position = (value - s.low) / (s.high - s.low)
	}
	return s.from + position*(s.to-s.from)
}

// ticks returns round values within the scale.
func (s scale) ticks() []float64 {
	if s.linear {
		step := math.Pow10(int(math.Floor(math.Log10(s.high - s.low))))
		if (s.high-s.low)/step < 3 {
			step /= 2
		}
		var ticks []float64
		for i := 0; float64(i)*step <= s.high*1.0001; i++ {
			ticks = append(ticks, float64(i)*step)
		}
		return ticks
	}
	var ticks []float64
	for power := math.Floor(math.Log10(s.low)); math.Pow(10, power) <= s.high; power++ {
		for _, n := range []float64{1, 2, 5} {
			if value := n * math.Pow(10, power); value >= s.low*.999 && value <= s.high*1.001 {
				ticks = append(ticks, value)
			}
		}
	}
	if len(ticks) > 9 { // keep only the powers of ten
		ticks = slices.DeleteFunc(ticks, func(v float64) bool {
			log := math.Log10(v)
			return math.Abs(log-math.Round(log)) > 1e-9
		})
	}
	return ticks
}

// tickLabel formats a round value without trailing zeros.
func tickLabel(value float64) string {
	label := formatValue(value)
	if strings.Contains(label, ".") {
		label = strings.TrimRight(strings.TrimRight(label, "0"), ".")
	}
	return label
}

// text writes a text element.
func text(w *bytes.Buffer, class string, x, y float64, s string) {
	fmt.Fprintf(w, "    <text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", class, x, y, html.EscapeString(s))
}

// rule writes a line element.
func rule(w *bytes.Buffer, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(w, "    <line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2)
}
