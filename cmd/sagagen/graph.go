package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/inspect"
)

const graphUsage = `usage: sagagen graph [flags] [packages]

Graph prints the sagas in the packages: their nodes in order, the inputs and types that flow from one to
another, how each is undone, and what its directives say of attempts. The formats are text, json, dot (for
Graphviz), mermaid (for Markdown), and svg, a picture that needs no other program.
`

// graphFormats are the values of -format.
var graphFormats = map[string]func([]*inspect.Graph) string{
	"text":    inspect.Text,
	"json":    inspect.JSON,
	"dot":     inspect.DOT,
	"mermaid": inspect.Mermaid,
	"svg":     inspect.SVG,
}

func graph(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	format, saga := inspect.Text, ""
	return inspection{
		name:  "graph",
		usage: graphUsage,
		flags: func(flags *flag.FlagSet) {
			flags.Func("format", "print it as `FORMAT`: text, dot, mermaid, svg or json (default text)", func(name string) error {
				var ok bool
				if format, ok = graphFormats[name]; !ok {
					return fmt.Errorf("there is no such format; take text, dot, mermaid, svg or json")
				}
				return nil
			})
			flags.StringVar(&saga, "saga", "", "print the saga `NAME` only (default all)")
		},
		print: func(result gen.Result) (string, error) {
			graphs, err := choose(inspect.Graphs(result.Packages), saga)
			return format(graphs), err
		},
	}.run(args, stdout, stderr)
}

// choose returns the sagas of that name. If it is empty, that's all.
func choose(graphs []*inspect.Graph, saga string) ([]*inspect.Graph, error) {
	if saga == "" {
		return graphs, nil
	}
	var names []string
	for _, g := range graphs {
		names = append(names, g.Saga)
	}
	chosen := slices.DeleteFunc(graphs, func(g *inspect.Graph) bool { return g.Saga != saga })
	if len(chosen) > 0 {
		return chosen, nil
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("-saga: there is no saga %q, nor any other", saga)
	}
	return nil, fmt.Errorf("-saga: there is no saga %q; there are %s", saga, strings.Join(names, ", "))
}
