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

// findings are the findings in a directory, each as file:line:col code.
type findings map[string]bool

// TestAnalysisAndCommandAgree runs the analysis and sagagen -check on all
// packages of testdata.
func TestAnalysisAndCommandAgree(t *testing.T) {
	dirs := patterns(t)
	analyzed := analyze(t, dirs)
	commanded := command(t, dirs...)
	codes := map[string]bool{}
	for _, pattern := range dirs {
		dir := filepath.Base(filepath.Dir(pattern)) + "/" + filepath.Base(pattern)
		if !assert.ObjectsAreEqual(commanded[dir], analyzed[dir]) {
			// The command doesn't repeat at an import what it reports in the
			// imported package. An analysis sees only one of the packages.
			commanded[dir] = command(t, pattern)[dir]
		}
		assert.Equal(t, commanded[dir], analyzed[dir], dir)
		for f := range analyzed[dir] {
			_, category, _ := strings.Cut(f, " ")
			codes[category] = true
		}
	}
	for _, code := range diag.Codes() {
		assert.Contains(t, codes, string(code), "code is found in no package")
	}
}

// patterns returns the directories of testdata that contain packages.
func patterns(t *testing.T) []string {
	var list []string
	for _, kind := range []string{"diagnostics", "docs", "golden", "models"} {
		entries, err := os.ReadDir(filepath.Join(testdata, kind))
		require.NoError(t, err)
		for _, e := range entries {
			list = append(list, "./"+kind+"/"+e.Name())
		}
	}
	return list
}

func command(t *testing.T, patterns ...string) map[string]findings {
	result, err := gen.Check(t.Context(), gen.Options{Dir: testdata, Patterns: patterns})
	require.NoError(t, err)
	found := map[string]findings{}
	for _, d := range result.Diagnostics {
		place := fmt.Sprintf("%s:%d:%d", filepath.Base(d.Pos.Filename), d.Pos.Line, d.Pos.Column)
		add(found, d.Pos.Filename, place, string(d.Code))
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
			place := fmt.Sprintf("%s:%d:%d", filepath.Base(pos.Filename), pos.Line, pos.Column)
			add(found, pos.Filename, place, d.Category)
		}
	}
	return found
}

func add(found map[string]findings, path, place, category string) {
	dir := filepath.Base(filepath.Dir(filepath.Dir(path))) + "/" + filepath.Base(filepath.Dir(path))
	if found[dir] == nil {
		found[dir] = findings{}
	}
	found[dir][place+" "+category] = true
}

// analyzePackages loads packages with their tests and dependencies and runs the
// analysis.
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
		// Like go vet, skip a package without its tests if there is one with
		// them.
		return len(p.Syntax) == 0 || p.ForTest == "" && tested[p.PkgPath]
	})
	graph, err := checker.Analyze([]*analysis.Analyzer{vet.Analyzer}, pkgs, nil)
	require.NoError(t, err)
	return graph
}
