package inspect_test

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/inspect"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func graphs(t *testing.T, pattern string) []*inspect.Graph {
	t.Helper()
	result, err := gen.Analyze(t.Context(), gen.Options{Patterns: []string{pattern}})
	require.NoError(t, err)
	require.Empty(t, result.Diagnostics)
	require.NotEmpty(t, result.Packages)
	return inspect.Graphs(result.Packages)
}

var formats = map[string]func([]*inspect.Graph) string{
	"txt": inspect.Text, "json": inspect.JSON, "dot": inspect.DOT, "mmd": inspect.Mermaid, "svg": inspect.SVG,
}

// TestGolden compares all formats of three packages with testdata. README.md
// shows the picture of the trip.
func TestGolden(t *testing.T) {
	for name, pattern := range map[string]string{
		"trip": "../../examples/trip", "provision": "../../examples/provision", "rollout": "./testdata/rollout",
	} {
		list, again := graphs(t, pattern), graphs(t, pattern)
		for extension, format := range formats {
			t.Run(name+"."+extension, func(t *testing.T) {
				file := filepath.Join("testdata", name+"."+extension)
				if name == "trip" && extension == "svg" {
					file = "../../docs/images/trip.svg"
				}
				got := format(list)
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				assert.Equal(t, string(want), got, "run the test with -update and check the diff")
				assert.Equal(t, got, format(again), "the output differs between runs")
			})
		}
	}
}

func TestRolloutHas40Nodes(t *testing.T) {
	assert.Len(t, graphs(t, "./testdata/rollout")[0].Nodes, 40)
}

// The examples in docs/graphs.md are parts of the output for the trip.
func TestDocumentQuotesTheOutput(t *testing.T) {
	document, err := os.ReadFile("../../docs/graphs.md")
	require.NoError(t, err)
	list := graphs(t, "../../examples/trip")
	for language, format := range map[string]func([]*inspect.Graph) string{
		"text": inspect.Text, "mermaid": inspect.Mermaid, "dot": inspect.DOT, "json": inspect.JSON,
	} {
		blocks := strings.Split(string(document), "```"+language+"\n")[1:]
		require.NotEmpty(t, blocks, language)
		for _, block := range blocks {
			block, _, _ = strings.Cut(block, "```")
			assert.Contains(t, format(list), strings.TrimSpace(block))
		}
	}
}

// The text of a label must never become part of the format's syntax.
func TestHostileTextIsQuoted(t *testing.T) {
	label := "<b onload='x'>&amp;\"] %s -->\n\x00\xff 店 `"
	graph := &inspect.Graph{
		Package: "p", Saga: "s", Params: label, Output: label,
		Nodes: []inspect.Node{
			{Name: "a", Kind: "action", Label: label, Runs: "a", Output: label},
			{Name: "b", Kind: "constant", Runs: label},
		},
		Edges: []inspect.Edge{{From: "a", To: "b", Data: []inspect.Data{{Name: "x", Type: label}}}},
	}
	list := []*inspect.Graph{graph}

	decoder := xml.NewDecoder(strings.NewReader(inspect.SVG(list)))
	elements := map[string]bool{}
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok {
			elements[start.Name.Local] = true
		}
	}
	assert.False(t, elements["b"])
	assert.True(t, elements["path"])

	require.NoError(t, json.Unmarshal([]byte(inspect.JSON(list)), new([]inspect.Graph)))
	for _, line := range strings.Split(inspect.Mermaid(list), "\n") {
		assert.Zero(t, strings.Count(line, `"`)%2, line)
		assert.NotContains(t, line, "<b ")
	}
	for _, line := range strings.Split(inspect.DOT(list), "\n") {
		assert.Zero(t, strings.Count(strings.ReplaceAll(line, `\"`, ""), `"`)%2, line)
	}
}

// The examples have no constants, subsagas or actions of other packages.
func TestGraphOfConstantsSubsagasAndOtherPackages(t *testing.T) {
	list := graphs(t, "../../testdata/docs/travel")
	text := inspect.Text(list)
	assert.Contains(t, text, "(action lodging.room)")
	assert.Equal(t, "[]\n", inspect.JSON(inspect.Graphs(nil)))

	text = inspect.Text(graphs(t, "../../testdata/models/subsagas"))
	assert.Contains(t, text, "left  (subsaga parcel)  after split\n    in    params Part, from split\n    out   Box\n")

	text = inspect.Text(graphs(t, "../../testdata/docs/inputs"))
	assert.Contains(t, text, "    in    sourceAccount Account, from source-account\n")
	assert.Contains(t, text, "    in    exchangeRate float64, from rate\n")
}
