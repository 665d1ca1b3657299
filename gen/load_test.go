package gen

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/testmodule"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGeneratedFileNeverBlocksARun(t *testing.T) {
	outputs := map[string]string{
		"empty":       "",
		"stale":       model.Header + "\n\npackage order\n\nfunc NewRegistry() { notThereAnyMore(1) }\n",
		"conflict":    model.Header + "\n\npackage order\n\nimport (\n<<<<<<< HEAD\n\t\"fmt\"\n=======\n\t\"os\"\n>>>>>>> other\n)\n",
		"conflicttop": "<<<<<<< HEAD\n" + model.Header + "\n\npackage order\n=======\n" + model.Header + "\n\npackage order\n>>>>>>> other\n",
		"renamed":     model.Header + "\n\npackage formerly\n",
		"import":      model.Header + "\n\npackage order\n\nimport \"example.com/nowhere\"\n\nvar _ = nowhere.X\n",
		"windows":     model.Header + "\r\n\r\npackage order\r\n\r\nfunc NewRegistry() {}\r\n",
	}
	files := map[string]string{"missing/order.go": testmodule.OrderSource}
	for state, content := range outputs {
		files[state+"/order.go"] = testmodule.OrderSource
		files[state+"/order_saga_gen.go"] = content
	}
	// It comes first among the files, so that the go command takes the package
	// for that of its clause.
	files["zfirst/zorder.go"] = testmodule.OrderSource
	files["zfirst/order_saga_gen.go"] = outputs["renamed"]
	for i := range len(files) + 1 {
		files[fmt.Sprintf("zplain%d/plain.go", i)] = "package plain\n"
	}
	dir := testmodule.Write(t, files)
	all := []string{"conflict", "conflicttop", "empty", "import", "missing", "renamed", "stale", "windows", "zfirst"}
	// If few packages have directives, they are searched for first; if most
	// have, all are read at once.
	searches := func(patterns ...string) (n int) {
		_, err := Analyze(t.Context(), Options{Dir: dir, Patterns: patterns, Timed: func(timing Timing) {
			if timing.Stage == "search" {
				n++
			}
		}})
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, 1, searches("./..."))
	assert.Equal(t, 0, searches("./renamed"))
	var named []string
	for _, state := range all {
		named = append(named, "./"+state)
	}
	for _, patterns := range [][]string{{"./..."}, named, {"./renamed"}, {"./stale"}, {"./zfirst"}} {
		result, err := Analyze(t.Context(), Options{Dir: dir, Patterns: patterns})
		require.NoError(t, err)
		assert.Empty(t, result.Diagnostics)
		var states []string
		for _, p := range result.Packages {
			assert.Equal(t, "order", p.Name, p.Path)
			require.Len(t, p.Sagas, 1, p.Path)
			states = append(states, filepath.Base(p.Dir))
		}
		want := all
		if name, ok := strings.CutPrefix(patterns[0], "./"); ok && len(patterns) == 1 && name != "..." {
			want = []string{name}
		}
		assert.Equal(t, want, states, patterns)
	}
}

func TestLeftOverGeneratedFileIsReported(t *testing.T) {
	output := func(name string) string { return model.Header + "\n\npackage " + name + "\n" }
	dir := testmodule.Write(t, map[string]string{
		"alone/order_saga_gen.go":      output("order"),
		"conflict/order_saga_gen.go":   "<<<<<<< HEAD\n" + output("order") + "=======\n" + output("order") + ">>>>>>> other\n",
		"conflict/order.go":            "package order\n",
		"handwritten/x_saga_gen.go":    "package order\n",
		"misspelled/order_saga_gen.go": output("order"),
		"misspelled/order.go":          "package order\n\n// saga:do pack noundo\nfunc pack() error { return nil }\n",
		"nothing/order_saga_gen.go":    output("order"),
		"nothing/order.go":             "package order\n",
		"othersystem/x_saga_gen.go":    output("order"),
		"othersystem/order_plan9.go":   testmodule.OrderSource,
		"othersystem/all.go":           "package order\n",
		"renamed/formerly_saga_gen.go": output("formerly"),
		"renamed/order.go":             testmodule.OrderSource,
	})
	result, err := Analyze(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	assert.Empty(t, result.Packages)
	messages := map[string]string{}
	for _, d := range result.Diagnostics {
		if d.Code == diag.CodeLeftOver {
			messages[filepath.Base(filepath.Dir(d.Pos.Filename))] = d.Message
			assert.Equal(t, 1, d.Pos.Line)
		}
	}
	const nothing = "this file was generated when the package had directives, but now it has none; delete it"
	assert.Equal(t, map[string]string{
		"alone": nothing, "conflict": nothing, "nothing": nothing,
		"renamed": "this file was generated when the package had another name, but now its code is in order_saga_gen.go; delete it",
	}, messages)
	assert.Len(t, result.Diagnostics, len(messages)+1, "the misspelled directive")
}

func TestImportedPackageMayLackItsGeneratedFile(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{
		"order/order.go": strings.ReplaceAll(testmodule.OrderSource, "pack(", "Pack("),
		"shop.go": `package shop

import "example.com/shop/order"

// Visit asks for an order.
//
//saga:dag visit
//saga:append ask
//saga:append pack=order.pack
type Visit struct{ Item string }

//saga:do ask noundo
func ask(visit Visit) (order.Order, error) { return order.Order(visit), nil }
`})
	result, err := Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	assert.Empty(t, result.Diagnostics)
	require.Len(t, result.Packages, 1, "only the requested package")
	pack := result.Packages[0].Sagas[0].Nodes[1]
	assert.Equal(t, "example.com/shop/order", pack.Action.ImportPath)
	require.Len(t, pack.Bindings, 1)
	assert.Equal(t, "ask", pack.Bindings[0].From.Name)
}

func TestMistakesOfAnImportedPackageAreReportedOnce(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{
		"order/order.go": strings.ReplaceAll(testmodule.OrderSource, "//saga:do pack noundo", "//saga:do pack"),
		"shop.go": `package shop

import _ "example.com/shop/order"

// Visit asks for an order.
//
//saga:dag visit
//saga:subsaga order dag=order.ordre params=ask
//saga:append ask
//saga:append order
type Visit struct{ Item string }

//saga:do ask
func ask(visit Visit) error { return nil }
`})
	result, err := Analyze(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	assert.Empty(t, result.Packages)
	var codes []diag.Code
	for _, d := range result.Diagnostics {
		codes = append(codes, d.Code)
	}
	assert.Equal(t, []diag.Code{diag.CodeMissingUndo, diag.CodeUnknownSaga, diag.CodeMissingUndo}, codes)
}

func TestPatternsThatMatchNothing(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{"order.go": "package order\n", "empty/README": ""})
	for pattern, want := range map[string]string{
		"./nowhere":     "directory not found",
		"./nowhere/...": "no such file or directory",
		"./empty":       "no Go files",
		"a.com/b":       "no required module provides package a.com/b; to add it: go get a.com/b",
		"./empty/...":   `no packages match "./empty/..."`,
	} {
		_, err := Analyze(t.Context(), Options{Dir: dir, Patterns: []string{pattern}})
		assert.ErrorContains(t, err, want, pattern)
	}
	result, err := Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	assert.Empty(t, result.Packages, "no directives")
	assert.Empty(t, result.Diagnostics)
}

func TestErrorsOfTheGoCommandAreOneLine(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{"order.go": testmodule.OrderSource})
	for content, want := range map[string]string{
		"module example.com/shop\n\nnonsense\n": "errors parsing go.mod: go.mod:3: unknown directive: nonsense",
		"module example.com/shop\n\ngo 1.999\n": "go.mod requires go >= 1.999",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(content), 0o644))
		_, err := Analyze(t.Context(), Options{Dir: dir, Env: append(os.Environ(), "GOTOOLCHAIN=local")})
		require.ErrorContains(t, err, want)
		assert.True(t, strings.HasPrefix(err.Error(), want), err)
		assert.NotContains(t, err.Error(), "\n")
	}
	t.Setenv("PATH", dir)
	_, err := Analyze(t.Context(), Options{Dir: dir})
	assert.ErrorContains(t, err, "go command required, not found")
	assert.NotContains(t, err.Error(), "stderr")
}

func TestUntidyModuleIsReported(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{
		"order.go":         testmodule.OrderSource,
		"send.go":          "package order\n\nimport _ \"example.com/parcel\"\n",
		"parcel/parcel.go": "package parcel\n\nimport _ \"example.com/label\"\n",
		"parcel/go.mod":    "module example.com/parcel\n\ngo 1.26\n\nrequire example.com/label v1.0.0\n",
		"label/label.go":   "package label\n",
		"label/go.mod":     "module example.com/label\n\ngo 1.26\n",
	})
	const goMod = "module example.com/shop\n\ngo 1.26\n\nrequire example.com/parcel v1.0.0\n\n" +
		"replace (\n\texample.com/parcel => ./parcel\n\texample.com/label => ./label\n)\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(goMod), 0o644))
	_, err := Analyze(t.Context(), Options{Dir: dir})
	assert.EqualError(t, err, "updates to go.mod needed; to update it: go mod tidy")
}

func TestMergeConflictIsReportedAtItsMarker(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{
		"order.go":  testmodule.OrderSource + "\nfunc same() {\n<<<<<<< HEAD\n\tone(\n=======\n\ttwo()\n>>>>>>> theirs\n}\n",
		"parcel.go": "package order\n\nvar text = `\n<<<<<<< HEAD\n`\n",
	})
	result, err := Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Len(t, result.Diagnostics, 1)
	assert.Equal(t, filepath.Join(dir, "order.go")+":15:1: the file contains merge conflict markers; resolve the conflict [SG018]", result.Diagnostics[0].String())
}

func TestBuildTagsChooseFiles(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{
		"order.go":      "package order\n",
		"special.go":    "//go:build special\n\n" + testmodule.OrderSource,
		"other_test.go": "//go:build !special\n\npackage order\n\n//saga:do test noundo\nfunc test() error { return nil }\n",
	})
	result, err := Analyze(t.Context(), Options{Dir: dir, Tags: []string{"special"}})
	require.NoError(t, err)
	assert.Empty(t, result.Diagnostics)
	assert.Len(t, result.Packages, 1)

	result, err = Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	assert.Len(t, result.Diagnostics, 1, "that in the test file")
	assert.Empty(t, result.Packages)
}

func TestAnalyzeStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Analyze(ctx, Options{Dir: "../testdata/models/policies"})
	assert.ErrorIs(t, err, context.Canceled)
}
