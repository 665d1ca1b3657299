package saga

import (
	"fmt"
	"strings"
)

// DOT returns the DAG in the language of Graphviz, with the structural nodes. Paste it into dot -Tsvg.
func (d *DAG) DOT() string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotQuote(string(d.name)))
	for i := range d.nodes {
		label := d.Label(NodeID(i))
		if name := d.nodes[i].name; name != "" {
			label += "\n" + string(name)
		}
		shape := "box"
		if d.nodes[i].kind != KindAction {
			shape = "plaintext"
		}
		fmt.Fprintf(&b, "    %d [ shape = %s, label = %s ]\n", i, shape, dotQuote(label))
	}
	for i := range d.nodes {
		for _, p := range d.nodes[i].parents {
			fmt.Fprintf(&b, "    %d -> %d\n", p, i)
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// dotQuote quotes a text for DOT, in which only the quote and the backslash are special.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
