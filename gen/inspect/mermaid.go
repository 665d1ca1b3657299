package inspect

import (
	"fmt"
	"strings"
)

// Mermaid returns the graphs as one Mermaid flowchart, which many Markdown
// viewers draw. Each graph is a subgraph.
func Mermaid(graphs []*Graph) string {
	var b strings.Builder
	b.WriteString("flowchart TB\n")
	for i, g := range graphs {
		fmt.Fprintf(&b, "    subgraph s%d[\"%s\"]\n", i, mermaidQuote(g.Saga+": "+g.signature()))
		ids := map[string]string{}
		for j := range g.Nodes {
			n := &g.Nodes[j]
			ids[n.Name] = fmt.Sprintf("n%d_%d", i, j)
			left, right := mermaidShape(n)
			fmt.Fprintf(&b, "        %s%s\"%s\"%s\n", ids[n.Name], left, mermaidLines(n.caption()), right)
		}
		for _, e := range g.Edges {
			arrow := "-->"
			if !e.Order {
				arrow = "-.->"
			}
			if len(e.Data) > 0 {
				arrow += "|\"" + mermaidLines(dataLines(e)) + "\"|"
			}
			fmt.Fprintf(&b, "        %s %s %s\n", ids[e.From], arrow, ids[e.To])
		}
		b.WriteString("    end\n")
	}
	return b.String()
}

func mermaidShape(n *Node) (left, right string) {
	switch n.Kind {
	case "constant":
		return "([", "])"
	case "subsaga":
		return "[[", "]]"
	}
	return "[", "]"
}

func mermaidLines(lines []string) string {
	quoted := make([]string, len(lines))
	for i, line := range lines {
		quoted[i] = mermaidQuote(line)
	}
	return strings.Join(quoted, "<br>")
}

// mermaidQuote quotes a text for Mermaid, which writes an entity &#34; as #34;.
func mermaidQuote(s string) string {
	return strings.NewReplacer(
		"#", "#35;", "&", "#38;", `"`, "#34;", "<", "#60;", ">", "#62;", "`", "#96;", "\n", " ",
	).Replace(s)
}
