// Package golangci makes the checks of sagagen a linter of golangci-lint, whose module plugin system it is for: golangci-lint
// custom builds a golangci-lint with it. docs/editors-and-ci.md says how.
//
// It is a module of its own, so that who doesn't use it has nothing of golangci-lint in their go.mod.
package golangci

import (
	"fmt"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/sagagen/sagagen/gen/vet"
)

func init() { register.Plugin(vet.Analyzer.Name, New) }

// New returns the plugin. It has no settings, and returns an error if it is given some.
func New(settings any) (register.LinterPlugin, error) {
	if settings != nil {
		return nil, fmt.Errorf("linter %s has no settings; leave them out of .golangci.yml", vet.Analyzer.Name)
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

// withoutAlternatives leaves only the first fix of each diagnostic: golangci-lint applies all that there are.
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
