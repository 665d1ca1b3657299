package gen

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const orderSource = `package order

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

//saga:do pack noundo
func pack(order Order) error { return nil }

func use() { _ = NewRegistry }
`

// writeModule makes a module of files and returns its folder.
func writeModule(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	files["go.mod"] = "module example.com/shop\n\ngo 1.26\n"
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// writeDependingModule writes the go.mod of a module that depends on this one, as it is here, and so has the runtime.
func writeDependingModule(t testing.TB, dir, module string) {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	goMod = bytes.Replace(goMod, []byte("module github.com/sagagen/sagagen\n"), []byte("module "+module+"\n"), 1)
	goMod = fmt.Appendf(goMod, "\nrequire github.com/sagagen/sagagen v0.0.0\n\nreplace github.com/sagagen/sagagen => %s\n", root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), goMod, 0o644))
	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), goSum, 0o644))
}

func TestOwnOutputNeverBlocksARun(t *testing.T) {
	outputs := map[string]string{
		"empty":       "",
		"stale":       outputHeader + "\n\npackage order\n\nfunc NewRegistry() { notThereAnyMore(1) }\n",
		"conflict":    outputHeader + "\n\npackage order\n\nimport (\n<<<<<<< HEAD\n\t\"fmt\"\n=======\n\t\"os\"\n>>>>>>> other\n)\n",
		"conflicttop": "<<<<<<< HEAD\n" + outputHeader + "\n\npackage order\n=======\n" + outputHeader + "\n\npackage order\n>>>>>>> other\n",
		"renamed":     outputHeader + "\n\npackage formerly\n",
		"import":      outputHeader + "\n\npackage order\n\nimport \"example.com/nowhere\"\n\nvar _ = nowhere.X\n",
		"windows":     outputHeader + "\r\n\r\npackage order\r\n\r\nfunc NewRegistry() {}\r\n",
	}
	files := map[string]string{"missing/order.go": orderSource}
	for state, content := range outputs {
		files[state+"/order.go"] = orderSource
		files[state+"/order_saga_gen.go"] = content
	}
	// It comes first among the files, so that the go command takes the package for that of its clause.
	files["zfirst/zorder.go"] = orderSource
	files["zfirst/order_saga_gen.go"] = outputs["renamed"]
	for i := range len(files) + 1 {
		files[fmt.Sprintf("zplain%d/plain.go", i)] = "package plain\n"
	}
	dir := writeModule(t, files)
	all := []string{"conflict", "conflicttop", "empty", "import", "missing", "renamed", "stale", "windows", "zfirst"}
	// Where few packages have directives these are searched first, and where most have they are read at once.
	assert.False(t, Options{Dir: dir, Patterns: []string{"./..."}}.dense())
	assert.True(t, Options{Dir: dir, Patterns: []string{"./renamed"}}.dense())
	var named []string
	for _, state := range all {
		named = append(named, "./"+state)
	}
	for _, patterns := range [][]string{{"./..."}, named, {"./renamed"}, {"./stale"}, {"./zfirst"}} {
		packages, diagnostics, err := Analyze(t.Context(), Options{Dir: dir, Patterns: patterns})
		require.NoError(t, err)
		assert.Empty(t, diagnostics)
		var states []string
		for _, p := range packages {
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

func TestOutputThatIsLeftOverIsTold(t *testing.T) {
	output := func(name string) string { return outputHeader + "\n\npackage " + name + "\n" }
	dir := writeModule(t, map[string]string{
		"alone/order_saga_gen.go":      output("order"),
		"conflict/order_saga_gen.go":   "<<<<<<< HEAD\n" + output("order") + "=======\n" + output("order") + ">>>>>>> other\n",
		"conflict/order.go":            "package order\n",
		"handwritten/x_saga_gen.go":    "package order\n",
		"misspelt/order_saga_gen.go":   output("order"),
		"misspelt/order.go":            "package order\n\n// saga:do pack noundo\nfunc pack() error { return nil }\n",
		"nothing/order_saga_gen.go":    output("order"),
		"nothing/order.go":             "package order\n",
		"othersystem/x_saga_gen.go":    output("order"),
		"othersystem/order_plan9.go":   orderSource,
		"othersystem/all.go":           "package order\n",
		"renamed/formerly_saga_gen.go": output("formerly"),
		"renamed/order.go":             orderSource,
	})
	packages, diagnostics, err := Analyze(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	assert.Empty(t, packages)
	told := map[string]string{}
	for _, d := range diagnostics {
		if d.Code == CodeLeftOver {
			told[filepath.Base(filepath.Dir(d.Pos.Filename))] = d.Message
			assert.Equal(t, 1, d.Pos.Line)
		}
	}
	const nothing = "this file is left from when the package had directives; delete it"
	assert.Equal(t, map[string]string{
		"alone": nothing, "conflict": nothing, "nothing": nothing,
		"renamed": "this file is left from when the package had another name, as its code is generated into order_saga_gen.go; delete it",
	}, told)
	assert.Len(t, diagnostics, len(told)+1, "the misspelt directive")
}

func TestImportedPackageMayLackItsOutput(t *testing.T) {
	dir := writeModule(t, map[string]string{
		"order/order.go": strings.ReplaceAll(orderSource, "pack(", "Pack("),
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
	packages, diagnostics, err := Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	assert.Empty(t, diagnostics)
	require.Len(t, packages, 1, "only what was asked for")
	pack := packages[0].Sagas[0].Nodes[1]
	assert.Equal(t, "example.com/shop/order", pack.Action.ImportPath)
	require.Len(t, pack.Bindings, 1)
	assert.Equal(t, "ask", pack.Bindings[0].From.Name)
}

func TestMistakesOfAnImportedPackageAreToldOnce(t *testing.T) {
	dir := writeModule(t, map[string]string{
		"order/order.go": strings.ReplaceAll(orderSource, "//saga:do pack noundo", "//saga:do pack"),
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
	packages, diagnostics, err := Analyze(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	assert.Empty(t, packages)
	var codes []Code
	for _, d := range diagnostics {
		codes = append(codes, d.Code)
	}
	assert.Equal(t, []Code{CodeMissingUndo, CodeUnknownSaga, CodeMissingUndo}, codes)
}

func TestPatternsThatMatchNothing(t *testing.T) {
	dir := writeModule(t, map[string]string{"order.go": "package order\n", "empty/README": ""})
	for pattern, want := range map[string]string{
		"./nowhere":     "directory not found",
		"./nowhere/...": "no such file or directory",
		"./empty":       "no Go files",
		"a.com/b":       "no required module provides package a.com/b; to add it: go get a.com/b",
		"./empty/...":   `no packages match "./empty/..."`,
	} {
		_, _, err := Analyze(t.Context(), Options{Dir: dir, Patterns: []string{pattern}})
		assert.ErrorContains(t, err, want, pattern)
	}
	packages, diagnostics, err := Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	assert.Empty(t, packages, "no directives")
	assert.Empty(t, diagnostics)
}

func TestComplaintsOfTheGoCommandAreSentences(t *testing.T) {
	dir := writeModule(t, map[string]string{"order.go": orderSource})
	for content, want := range map[string]string{
		"module example.com/shop\n\nnonsense\n": "errors parsing go.mod: go.mod:3: unknown directive: nonsense",
		"module example.com/shop\n\ngo 1.999\n": "go.mod requires go >= 1.999",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(content), 0o644))
		_, _, err := Analyze(t.Context(), Options{Dir: dir, Env: append(os.Environ(), "GOTOOLCHAIN=local")})
		require.ErrorContains(t, err, want)
		assert.True(t, strings.HasPrefix(err.Error(), want), err)
		assert.NotContains(t, err.Error(), "\n")
	}
	t.Setenv("PATH", dir)
	_, _, err := Analyze(t.Context(), Options{Dir: dir})
	assert.ErrorContains(t, err, "go command required, not found")
	assert.NotContains(t, err.Error(), "stderr")
}

func TestModuleThatHasToBeTidiedIsToldSo(t *testing.T) {
	dir := writeModule(t, map[string]string{
		"order.go":         orderSource,
		"send.go":          "package order\n\nimport _ \"example.com/parcel\"\n",
		"parcel/parcel.go": "package parcel\n\nimport _ \"example.com/label\"\n",
		"parcel/go.mod":    "module example.com/parcel\n\ngo 1.26\n\nrequire example.com/label v1.0.0\n",
		"label/label.go":   "package label\n",
		"label/go.mod":     "module example.com/label\n\ngo 1.26\n",
	})
	const goMod = "module example.com/shop\n\ngo 1.26\n\nrequire example.com/parcel v1.0.0\n\n" +
		"replace (\n\texample.com/parcel => ./parcel\n\texample.com/label => ./label\n)\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(goMod), 0o644))
	_, _, err := Analyze(t.Context(), Options{Dir: dir})
	assert.EqualError(t, err, "updates to go.mod needed; to update it: go mod tidy")
}

func TestMergeConflictIsToldAtItsMark(t *testing.T) {
	dir := writeModule(t, map[string]string{
		"order.go":  orderSource + "\nfunc same() {\n<<<<<<< HEAD\n\tone(\n=======\n\ttwo()\n>>>>>>> theirs\n}\n",
		"parcel.go": "package order\n\nvar text = `\n<<<<<<< HEAD\n`\n",
	})
	_, diagnostics, err := Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Len(t, diagnostics, 1)
	assert.Equal(t, filepath.Join(dir, "order.go")+":15:1: the file has the marks of a merge conflict; resolve it [SG018]", diagnostics[0].String())
}

func TestBuildTagsChooseFiles(t *testing.T) {
	dir := writeModule(t, map[string]string{
		"order.go":      "package order\n",
		"special.go":    "//go:build special\n\n" + orderSource,
		"other_test.go": "//go:build !special\n\npackage order\n\n//saga:do test noundo\nfunc test() error { return nil }\n",
	})
	packages, diagnostics, err := Analyze(t.Context(), Options{Dir: dir, Tags: []string{"special"}})
	require.NoError(t, err)
	assert.Empty(t, diagnostics)
	assert.Len(t, packages, 1)

	packages, diagnostics, err = Analyze(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	assert.Len(t, diagnostics, 1, "that in the test file")
	assert.Empty(t, packages)
}

func TestAnalyzeStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := Analyze(ctx, Options{Dir: "../testdata/models/policies"})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestPrefixOfACommandIsItsFolder(t *testing.T) {
	for dir, want := range map[string]string{
		"/src/trip":      "trip",
		"/src/book-trip": "book_trip",
		"/src/2fast":     "main2fast",
		"/src/_hidden":   "hidden",
		"/":              "main",
	} {
		assert.Equal(t, want, prefixOf("main", dir), dir)
	}
	assert.Equal(t, "order", prefixOf("order", "/src/book-trip"))
}
