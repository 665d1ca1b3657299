package inspect

import (
	"fmt"
	"strconv"
	"strings"
)

// JSON returns the graphs as a JSON array.
func JSON(graphs []*Graph) string { return encode(graphs) }

// Text returns the graphs as text. The nodes are in topological order, each
// with its inputs, output and functions.
func Text(graphs []*Graph) string {
	var parts []string
	for _, g := range graphs {
		parts = append(parts, g.text())
	}
	return strings.Join(parts, "\n\n")
}

func (g *Graph) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "saga %s of %s\n", g.Saga, g.Package)
	fmt.Fprintf(&b, "%s\n", g.signature())
	for i := range g.Nodes {
		n := &g.Nodes[i]
		fmt.Fprintf(&b, "\n%s\n", strings.Join(g.heading(n), "  "))
		for _, d := range n.Params {
			fmt.Fprintf(&b, "    in    %s, from the parameters\n", d)
		}
		for _, e := range g.Edges {
			for _, d := range e.Data {
				if e.To == n.Name {
					fmt.Fprintf(&b, "    in    %s, from %s\n", d, e.From)
				}
			}
		}
		if n.Output != "" {
			fmt.Fprintf(&b, "    out   %s\n", n.Output)
		}
		if n.Do != nil {
			fmt.Fprintf(&b, "    do    %s\n", strings.Join(append([]string{n.Do.Name}, n.Do.policy()...), ", "))
			fmt.Fprintf(&b, "    undo  %s\n", strings.Join(n.undo((*Func).full), ", "))
		}
	}
	return b.String()
}

// signature returns the types of the parameters and the output.
func (g *Graph) signature() string {
	if g.Output == "" {
		return g.Params
	}
	return g.Params + " → " + g.Output
}

// heading returns the parts of a node's first line.
func (g *Graph) heading(n *Node) []string {
	parts := []string{n.Name}
	if n.Label != "" {
		parts = append(parts, strconv.Quote(n.Label))
	}
	if alias := n.alias(); alias != "" {
		parts = append(parts, "("+alias+")")
	}
	var after []string
	for _, e := range g.Edges {
		if e.To == n.Name && e.Order {
			after = append(after, e.From)
		}
	}
	if len(after) > 0 {
		parts = append(parts, "after "+strings.Join(after, ", "))
	}
	return parts
}
