package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/inspect"
)

const graphUsage = `usage: sagagen graph [flags] [packages]

Graph prints the sagas that packages declare: their nodes, the data that flows
between them, undo functions, timeouts and attempts.

The formats are:

  text     plain text
  json     JSON
  dot      DOT, the language of Graphviz
  mermaid  a Mermaid flowchart, for Markdown
  svg      a picture, which needs no other program
`

const graphFormatNames = "text, json, dot, mermaid or svg"

// graphFormats are the values of -format.
var graphFormats = map[string]func([]*inspect.Graph) string{
	"text":    inspect.Text,
	"json":    inspect.JSON,
	"dot":     inspect.DOT,
	"mermaid": inspect.Mermaid,
	"svg":     inspect.SVG,
}

func runGraph(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	format, saga := inspect.Text, ""
	return inspection{
		name:  "graph",
		usage: graphUsage,
		flags: func(flags *flag.FlagSet) {
			flags.Func("format", "print `FORMAT`: "+graphFormatNames+" (default text)", func(name string) error {
				var ok bool
				if format, ok = graphFormats[name]; !ok {
					return errors.New("unknown format; use " + graphFormatNames)
				}
				return nil
			})
			flags.StringVar(&saga, "saga", "", "print only the sagas named `NAME` (default all sagas)")
		},
		print: func(result gen.Result) (string, error) {
			graphs, err := selectSagas(inspect.Graphs(result.Packages), saga)
			return format(graphs), err
		},
	}.run(args, stdout, stderr)
}

// selectSagas returns the graphs of the sagas with a name, or all graphs if the
// name is empty.
func selectSagas(graphs []*inspect.Graph, name string) ([]*inspect.Graph, error) {
	if name == "" {
		return graphs, nil
	}
	var names []string
	for _, g := range graphs {
		names = append(names, g.Saga)
	}
	selected := slices.DeleteFunc(graphs, func(g *inspect.Graph) bool { return g.Saga != name })
	if len(selected) > 0 {
		return selected, nil
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("-saga: no saga %q; the packages declare no sagas", name)
	}
	return nil, fmt.Errorf("-saga: no saga %q; the packages declare %s", name, strings.Join(names, ", "))
}
