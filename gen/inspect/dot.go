package inspect

import (
	"fmt"
	"strings"
)

// DOT returns the graphs in the language of Graphviz, each as a cluster.
func DOT(graphs []*Graph) string {
	var b strings.Builder
	b.WriteString("digraph sagas {\n    rankdir = TB\n    node [ shape = box, fontname = \"monospace\", fontsize = 10 ]\n    edge [ fontname = \"monospace\", fontsize = 9 ]\n")
	for i, g := range graphs {
		fmt.Fprintf(&b, "\n    subgraph cluster_%d {\n        label = %s\n", i, dotQuote(g.Saga+"\n"+g.signature()))
		ids := map[string]string{}
		for j := range g.Nodes {
			n := &g.Nodes[j]
			ids[n.Name] = fmt.Sprintf("n%d_%d", i, j)
			fmt.Fprintf(&b, "        %s [ label = %s%s ]\n", ids[n.Name], dotQuote(strings.Join(n.caption(), "\n")), dotStyle(n))
		}
		for _, e := range g.Edges {
			fmt.Fprintf(&b, "        %s -> %s%s\n", ids[e.From], ids[e.To], dotEdge(e))
		}
		b.WriteString("    }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// caption returns all that there is to say in a node, a line each.
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

// undoLine returns how an action is undone, in the words of a picture.
func (n *Node) undoLine() string {
	line := strings.Join(n.undo((*Func).short), ", ")
	if n.Undo != nil {
		return "undo: " + line
	}
	return line
}

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

// dotQuote quotes a text for DOT, in which only the quote and the backslash are special.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
