package inspect

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// style is the style sheet of a picture. With monospaced fonts, the width of a
// text is known for any of the fonts.
const style = `
    text { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2937 }
    .title { font-size: 16px; font-weight: 600 }
    .name { font-size: 13px; font-weight: 600 }
    .dim { fill: #64748b }
    .params, .input { fill: #7c3aed }
    .output, .type { fill: #0369a1 }
    .undo { fill: #15803d }
    .page { fill: #ffffff; stroke: #e2e8f0 }
    .box { fill: #f8fafc; stroke: #cbd5e1 }
    .pill { fill: #f5f3ff; stroke: #a78bfa }
    .paper { fill: #ffffff; opacity: .88 }
    .edge { fill: none; stroke: #94a3b8; stroke-width: 1.4 }
    .data { stroke: #0284c7 }
    .far { stroke-dasharray: 5 4 }
    .head { fill: #94a3b8 }
    .datahead { fill: #0284c7 }
    .undoable { fill: #22c55e }
    .final { fill: #94a3b8 }
    .constant { fill: #f59e0b }
    .subsaga { fill: #a855f7 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .dim { fill: #8b949e }
      .params, .input { fill: #c4a7ff }
      .output, .type { fill: #79c0ff }
      .undo { fill: #7ee787 }
      .page { fill: #0d1117; stroke: #30363d }
      .box { fill: #161b22; stroke: #3d444d }
      .pill { fill: #1e1836; stroke: #7c5cd6 }
      .paper { fill: #0d1117 }
      .edge { stroke: #6e7681 }
      .data { stroke: #4493d8 }
      .head { fill: #6e7681 }
      .datahead { fill: #4493d8 }
    }
`

const (
	margin = 24 // around the picture and between graphs
	header = 56 // the height of a saga's name and types
)

// SVG returns a picture of the graphs, one below the other. It follows the
// light or dark color scheme of the viewer.
func SVG(graphs []*Graph) string {
	var pictures []*picture
	width, height := 0.0, 0.0
	for _, g := range graphs {
		p := newPicture(g)
		pictures = append(pictures, p)
		width = max(width, p.Width, textWidth(g.Saga, 16), textWidth(g.signature(), 11))
		height += header + p.Height + margin
	}
	width, height = math.Ceil(width)+2*margin, math.Ceil(height)+margin
	w := &svgWriter{}
	w.line(`<svg xmlns="http://www.w3.org/2000/svg" width="%v" height="%v" viewBox="0 0 %v %v" role="img">`,
		width, height, width, height)
	w.line(`  <title>%s</title>`, escape(titleOf(graphs)))
	w.line(`  <style>%s  </style>`, style)
	w.line(`  <defs>`)
	for _, class := range []string{"head", "datahead"} {
		w.line(`    <marker id="%s" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" `+
			`markerUnits="userSpaceOnUse" orient="auto"><path class="%s" d="M0 0.5 L8 4 L0 7.5 z"/></marker>`,
			class, class)
	}
	w.line(`  </defs>`)
	w.line(`  <rect class="page" x="0.5" y="0.5" width="%v" height="%v" rx="10"/>`, width-1, height-1)
	y := float64(margin)
	for i, g := range graphs {
		w.line(`  <text class="title" x="%d" y="%s">%s</text>`, margin, number(y+14), escape(g.Saga))
		w.line(`  <text class="dim" x="%d" y="%s">%s</text>`, margin, number(y+32), escape(g.signature()))
		w.line(`  <g transform="translate(%d %s)">`, margin, number(y+header))
		pictures[i].write(w)
		w.line(`  </g>`)
		y += header + pictures[i].Height + margin
	}
	w.line(`</svg>`)
	return w.String()
}

func titleOf(graphs []*Graph) string {
	var names []string
	for _, g := range graphs {
		names = append(names, g.Saga)
	}
	return "sagas: " + strings.Join(names, ", ")
}

// svgWriter writes SVG line by line.
type svgWriter struct{ strings.Builder }

func (w *svgWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// escape escapes a text for XML and replaces control characters by spaces.
func escape(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// number formats a coordinate, rounded to half a pixel.
func number(x float64) string {
	return fmt.Sprint(math.Round(x*2) / 2)
}

// textWidth returns the width of a text. No font in the style sheet needs more.
func textWidth(s string, size float64) float64 {
	width := 0.0
	for _, r := range s {
		if r >= 0x1100 {
			width += size // East Asian characters and emoji
		} else {
			width += float64(size * 0.605)
		}
	}
	return width
}

// shorten cuts a text to n characters.
func shorten(s string, n int) string {
	if letters := []rune(s); len(letters) > n {
		return string(letters[:n-1]) + "…"
	}
	return s
}
