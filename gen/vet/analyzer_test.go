package vet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/sagagen/sagagen/gen/vet"
)

func TestAnalyzerIsValid(t *testing.T) {
	require.NoError(t, analysis.Validate([]*analysis.Analyzer{vet.Analyzer}))
}

// TestFixes applies the suggested fixes to the files of testdata/src and
// compares the results with the golden files. If there are alternatives, the
// golden file has a section for each of them.
func TestFixes(t *testing.T) {
	packages := []string{"spelling", "names", "undo", "unknown"}
	for _, result := range analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), vet.Analyzer, packages...) {
		for _, d := range result.Diagnostics {
			assert.True(t, strings.HasSuffix(d.Message, " ["+d.Category+"]"), d.Message)
			assert.True(t, strings.HasSuffix(d.URL, "/docs/diagnostics.md#"+strings.ToLower(d.Category)), d.URL)
		}
	}
}

func TestOutdatedFileIsReportedAtTheFirstDirective(t *testing.T) {
	results := analysistest.Run(t, analysistest.TestData(), vet.Analyzer, "stale")
	require.Len(t, results, 1)
	require.Len(t, results[0].Diagnostics, 1)
	d := results[0].Diagnostics[0]
	assert.Equal(t, "outdated", d.Category)
	assert.Empty(t, d.SuggestedFixes, "sagagen writes the whole file")
	require.Len(t, d.Related, 1)
	pos := results[0].Action.Package.Fset.Position(d.Related[0].Pos)
	assert.True(t, strings.HasSuffix(pos.Filename, "stale_saga_gen.go"))
	assert.Equal(t, 5, pos.Line)
}

func TestDiagnosticsHaveRelatedPositions(t *testing.T) {
	graph := analyzePackages(t, testdata, "./diagnostics/duplicate_do")
	related := 0
	for _, root := range graph.Roots {
		for _, d := range root.Diagnostics {
			for _, r := range d.Related {
				related++
				assert.True(t, r.Pos.IsValid())
				assert.Less(t, r.Pos, d.Pos, "the related position must come first")
			}
		}
	}
	assert.Positive(t, related)
}
