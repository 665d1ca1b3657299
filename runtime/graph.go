package saga

import (
	"fmt"
	"strings"

	"github.com/sagagen/sagagen/runtime/engine"
)

// DOT returns the DAG, including the structural nodes, in the Graphviz
// language. Render it with dot -Tsvg.
func (d *DAG) DOT() string { return d.dot(nil) }

// Mermaid returns the DAG, including the structural nodes, as a Mermaid
// flowchart. Many Markdown viewers render it.
func (d *DAG) Mermaid() string { return d.mermaid(nil) }

// DOT returns the DAG of the saga in the Graphviz language. Each node shows its
// state as a word and as a color.
func (s *Status) DOT() string { return s.DAG.dot(s.describe) }

// Mermaid returns the DAG of the saga as a Mermaid flowchart. Each node shows
// its state as a word and as a color.
func (s *Status) Mermaid() string { return s.DAG.mermaid(s.describe) }

// stateColors maps the words of Status.Describe to colors on which black text
// is readable.
var stateColors = map[string]string{
	"blocked":       "#e8e8e8",
	"queued-todo":   "#d6e4f5",
	"working":       "#8ab8f0",
	"done":          "#9fdba5",
	"failed":        "#f2a29b",
	"indeterminate": "#f5c6f0",
	"queued-undo":   "#fdeec4",
	"undo-working":  "#f9d36b",
	"undone":        "#cfc6e8",
	"undo-failed":   "#e5534b",
	"abandoned":     "#ffffff",
}

func (d *DAG) dot(describe func(engine.NodeID) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotQuote(string(d.name)))
	for id := range engine.NodeID(len(d.nodes)) {
		shape := "box"
		if d.Kind(id) != engine.KindAction {
			shape = "plaintext"
		}
		lines := d.captions(id)
		style := ""
		if describe != nil {
			word := describe(id)
			lines = append(lines, word)
			style = fmt.Sprintf(", style = filled, fillcolor = %s, fontcolor = black",
				dotQuote(stateColors[word]))
		}
		fmt.Fprintf(&b, "    %d [ shape = %s, label = %s%s ]\n", id, shape, dotQuote(strings.Join(lines, "\n")), style)
	}
	d.edges(func(from, to engine.NodeID) { fmt.Fprintf(&b, "    %d -> %d\n", from, to) })
	b.WriteString("}\n")
	return b.String()
}

func (d *DAG) mermaid(describe func(engine.NodeID) string) string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for id := range engine.NodeID(len(d.nodes)) {
		left, right := `["`, `"]`
		if d.Kind(id) != engine.KindAction {
			left, right = `(["`, `"])`
		}
		lines := d.captions(id)
		if describe != nil {
			lines = append(lines, describe(id))
		}
		for i := range lines {
			lines[i] = mermaidQuote(lines[i])
		}
		fmt.Fprintf(&b, "    n%d%s%s%s\n", id, left, strings.Join(lines, "<br>"), right)
	}
	d.edges(func(from, to engine.NodeID) { fmt.Fprintf(&b, "    n%d --> n%d\n", from, to) })
	if describe != nil {
		for id := range engine.NodeID(len(d.nodes)) {
			fmt.Fprintf(&b, "    style n%d fill:%s,color:#000\n", id, stateColors[describe(id)])
		}
	}
	return b.String()
}

// captions returns the lines shown in a node: its label, and its name if that
// differs.
func (d *DAG) captions(id engine.NodeID) []string {
	lines := []string{d.Label(id)}
	if name := string(d.NodeName(id)); name != "" && name != lines[0] {
		lines = append(lines, name)
	}
	return lines
}

func (d *DAG) edges(f func(from, to engine.NodeID)) {
	for id := range engine.NodeID(len(d.nodes)) {
		for _, p := range d.Parents(id) {
			f(p, id)
		}
	}
}

// dotQuote quotes a text for DOT. Only the quote and the backslash are special
// there.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// mermaidQuote quotes a text for Mermaid, which writes # in place of &# in
// character references.
func mermaidQuote(s string) string {
	return strings.NewReplacer(
		"#", "#35;", "&", "#38;", `"`, "#34;", "<", "#60;", ">", "#62;", "`", "#96;", "\n", " ",
	).Replace(s)
}
