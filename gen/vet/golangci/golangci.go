// Package golangci provides the checks of sagagen as a linter for the module
// plugin system of golangci-lint. The command golangci-lint custom builds a
// golangci-lint that includes it; see docs/editors-and-ci.md.
//
// The package is a separate module, so that users of sagagen don't depend on
// golangci-lint.
package golangci

import (
	"fmt"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/sagagen/sagagen/gen/vet"
)

func init() { register.Plugin(vet.Analyzer.Name, New) }

// New returns the plugin. The linter has no settings, so New returns an error
// if settings isn't nil.
func New(settings any) (register.LinterPlugin, error) {
	if settings != nil {
		return nil, fmt.Errorf("linter %s has no settings; remove them from .golangci.yml", vet.Analyzer.Name)
	}
	return plugin{}, nil
}

type plugin struct{}

// BuildAnalyzers implements register.LinterPlugin.
func (plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	analyzer := *vet.Analyzer
	analyzer.Run = withoutAlternatives
	return []*analysis.Analyzer{&analyzer}, nil
}

// withoutAlternatives reports only the first fix of each diagnostic, because
// golangci-lint applies all of them.
func withoutAlternatives(pass *analysis.Pass) (any, error) {
	inner := *pass
	inner.Report = func(d analysis.Diagnostic) {
		d.SuggestedFixes = d.SuggestedFixes[:min(1, len(d.SuggestedFixes))]
		pass.Report(d)
	}
	return vet.Analyzer.Run(&inner)
}

// GetLoadMode implements register.LinterPlugin.
func (plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
