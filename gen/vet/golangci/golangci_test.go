package golangci

import (
	"path/filepath"
	"testing"

	"github.com/golangci/plugin-module-register/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
)

// analyzer returns the analyzer that golangci-lint uses.
func analyzer(t *testing.T) *analysis.Analyzer {
	makePlugin, err := register.GetPlugin("sagagen")
	require.NoError(t, err)
	plugin, err := makePlugin(nil)
	require.NoError(t, err)
	analyzers, err := plugin.BuildAnalyzers()
	require.NoError(t, err)
	assert.Equal(t, register.LoadModeTypesInfo, plugin.GetLoadMode())
	require.NoError(t, analysis.Validate(analyzers))
	require.Len(t, analyzers, 1)
	return analyzers[0]
}

func TestPluginReportsOneFixForEachDiagnostic(t *testing.T) {
	testdata, err := filepath.Abs("../testdata")
	require.NoError(t, err)
	fixes := 0
	for _, result := range analysistest.Run(t, testdata, analyzer(t), "undo") {
		for _, d := range result.Diagnostics {
			assert.LessOrEqual(t, len(d.SuggestedFixes), 1, d.Message)
			fixes += len(d.SuggestedFixes)
		}
	}
	assert.Positive(t, fixes)
}

func TestSettingsAreRejected(t *testing.T) {
	_, err := New(map[string]any{"fast": true})
	assert.EqualError(t, err, "linter sagagen has no settings; remove them from .golangci.yml")
}
