package inspect

import (
	"fmt"
	"strings"
)

// DOT returns the graphs in DOT, the language of Graphviz. Each graph is a
// cluster.
func DOT(graphs []*Graph) string {
	var b strings.Builder
	b.WriteString(`digraph sagas {
    rankdir = TB
    node [ shape = box, fontname = "monospace", fontsize = 10 ]
    edge [ fontname = "monospace", fontsize = 9 ]
`)
	for i, g := range graphs {
		fmt.Fprintf(&b, "\n    subgraph cluster_%d {\n        label = %s\n", i, dotQuote(g.Saga+"\n"+g.signature()))
		ids := map[string]string{}
		for j := range g.Nodes {
			n := &g.Nodes[j]
			ids[n.Name] = fmt.Sprintf("n%d_%d", i, j)
			label := dotQuote(strings.Join(n.caption(), "\n"))
			fmt.Fprintf(&b, "        %s [ label = %s%s ]\n", ids[n.Name], label, dotStyle(n))
		}
		for _, e := range g.Edges {
			fmt.Fprintf(&b, "        %s -> %s%s\n", ids[e.From], ids[e.To], dotEdge(e))
		}
		b.WriteString("    }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// caption returns the lines of text in a node.
func (n *Node) caption() []string {
	lines := []string{n.Name}
	if n.Label != "" {
		lines = append(lines, n.Label)
	}
	if alias := n.alias(); alias != "" {
		lines = append(lines, alias)
	}
	for _, d := range n.Params {
		lines = append(lines, "params: "+d.String())
	}
	if n.Output != "" {
		lines = append(lines, "→ "+n.Output)
	}
	if n.Do != nil {
		if policy := n.Do.policy(); len(policy) > 0 {
			lines = append(lines, strings.Join(policy, ", "))
		}
		lines = append(lines, n.undoLine())
	}
	return lines
}

// undoLine returns the line in a node that describes the undo.
func (n *Node) undoLine() string { return "undo: " + strings.Join(n.undo((*Func).short), ", ") }

func dotStyle(n *Node) string {
	switch {
	case n.Kind == "constant":
		return ", shape = note"
	case n.Kind == "subsaga":
		return ", peripheries = 2"
	case n.Undo == nil:
		return ", style = dashed"
	}
	return ""
}

func dotEdge(e Edge) string {
	var attributes []string
	if len(e.Data) > 0 {
		attributes = append(attributes, "label = "+dotQuote(strings.Join(dataLines(e), "\n")))
	}
	if !e.Order {
		attributes = append(attributes, "style = dashed")
	}
	if len(attributes) == 0 {
		return ""
	}
	return " [ " + strings.Join(attributes, ", ") + " ]"
}

func dataLines(e Edge) []string {
	var lines []string
	for _, d := range e.Data {
		lines = append(lines, d.String())
	}
	return lines
}

// dotQuote quotes a text for DOT, where only quotes and backslashes are
// special.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
