package vet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/vet"
)

const testdata = "../../testdata"

// findings are what is found in a folder, each as file:line:col code.
type findings map[string]bool

// TestFindsWhatTheCommandFinds runs the analysis and the command on all packages of testdata.
func TestFindsWhatTheCommandFinds(t *testing.T) {
	patterns := folders(t)
	analyzed := analyze(t, patterns)
	commanded := command(t, patterns...)
	codes := map[string]bool{}
	for _, pattern := range patterns {
		folder := filepath.Base(filepath.Dir(pattern)) + "/" + filepath.Base(pattern)
		if !assert.ObjectsAreEqual(commanded[folder], analyzed[folder]) {
			// The command doesn't say of an import what it says of the imported package; an analysis sees only one of them.
			commanded[folder] = command(t, pattern)[folder]
		}
		assert.Equal(t, commanded[folder], analyzed[folder], folder)
		for f := range analyzed[folder] {
			_, category, _ := strings.Cut(f, " ")
			codes[category] = true
		}
	}
	for _, code := range diag.Codes() {
		assert.Contains(t, codes, string(code), "found in no package")
	}
}

// folders are those of testdata with packages of their own.
func folders(t *testing.T) []string {
	var patterns []string
	for _, kind := range []string{"diagnostics", "docs", "golden", "models"} {
		entries, err := os.ReadDir(filepath.Join(testdata, kind))
		require.NoError(t, err)
		for _, e := range entries {
			patterns = append(patterns, "./"+kind+"/"+e.Name())
		}
	}
	return patterns
}

func command(t *testing.T, patterns ...string) map[string]findings {
	result, err := gen.Check(t.Context(), gen.Options{Dir: testdata, Patterns: patterns})
	require.NoError(t, err)
	found := map[string]findings{}
	for _, d := range result.Diagnostics {
		add(found, d.Pos.Filename, fmt.Sprintf("%s:%d:%d", filepath.Base(d.Pos.Filename), d.Pos.Line, d.Pos.Column), string(d.Code))
	}
	for _, f := range result.Files {
		switch {
		case f.Missing():
			add(found, f.Path, "the generated file", "missing")
		case f.Changed:
			add(found, f.Path, "the generated file", "outdated")
		}
	}
	return found
}

func analyze(t *testing.T, patterns []string) map[string]findings {
	found := map[string]findings{}
	for _, root := range analyzePackages(t, testdata, patterns...).Roots {
		require.NoError(t, root.Err, root.Package.PkgPath)
		for _, d := range root.Diagnostics {
			pos := root.Package.Fset.Position(d.Pos)
			if d.Category == "missing" || d.Category == "outdated" {
				add(found, pos.Filename, "the generated file", d.Category)
				continue
			}
			assert.True(t, d.Pos.IsValid(), d.Message)
			add(found, pos.Filename, fmt.Sprintf("%s:%d:%d", filepath.Base(pos.Filename), pos.Line, pos.Column), d.Category)
		}
	}
	return found
}

func add(found map[string]findings, path, place, category string) {
	folder := filepath.Base(filepath.Dir(filepath.Dir(path))) + "/" + filepath.Base(filepath.Dir(path))
	if found[folder] == nil {
		found[folder] = findings{}
	}
	found[folder][place+" "+category] = true
}

// analyzePackages reads packages with their tests and all that they import, and runs the analysis.
func analyzePackages(t *testing.T, dir string, patterns ...string) *checker.Graph {
	config := &packages.Config{
		Dir: dir, Tests: true, Context: t.Context(),
		Mode: packages.LoadAllSyntax | packages.NeedForTest,
	}
	pkgs, err := packages.Load(config, patterns...)
	require.NoError(t, err)
	tested := map[string]bool{}
	for _, p := range pkgs {
		tested[p.ForTest] = true
	}
	pkgs = slices.DeleteFunc(pkgs, func(p *packages.Package) bool {
		// As go vet, it leaves out the package without its tests where there is one with them.
		return len(p.Syntax) == 0 || p.ForTest == "" && tested[p.PkgPath]
	})
	graph, err := checker.Analyze([]*analysis.Analyzer{vet.Analyzer}, pkgs, nil)
	require.NoError(t, err)
	return graph
}
