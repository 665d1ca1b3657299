package gen

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

const directivesDoc = "../docs/directives.md"

// readAll returns the concatenated contents of the files that match a pattern.
func readAll(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, names)
	var all strings.Builder
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(content)
	}
	return all.String()
}

// blocks returns the code blocks of a language in a Markdown text.
func blocks(text, language string) []string {
	var list []string
	for _, block := range strings.Split(text, "\n```"+language+"\n")[1:] {
		code, _, _ := strings.Cut(block, "```")
		list = append(list, code)
	}
	return list
}

func TestExamplesOfTheDirectivesDocAreValid(t *testing.T) {
	doc := readAll(t, directivesDoc)
	sources := readAll(t, "../testdata/docs/*/*.go")
	for _, code := range blocks(doc, "go") {
		assert.Contains(t, sources, code)
	}
	reported := readAll(t, diagnosticsDir+"/*/want.txt")
	for _, text := range blocks(doc, "text") {
		for line := range strings.Lines(text) {
			assert.Contains(t, reported, line)
		}
	}

	dirs, err := filepath.Glob("../testdata/docs/*")
	require.NoError(t, err)
	for i, d := range dirs {
		dirs[i] = "./" + filepath.Base(d)
	}
	analyzed, err := Analyze(t.Context(), Options{Dir: "../testdata/docs", Patterns: dirs})
	require.NoError(t, err)
	assert.Empty(t, analyzed.Diagnostics)
	assert.Len(t, analyzed.Packages, len(dirs))

	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: "../testdata/docs"}, dirs...)
	require.NoError(t, err)
	for _, p := range loaded {
		assert.Empty(t, p.Errors, p.PkgPath)
	}
}

func TestDirectivesDocListsAllCodes(t *testing.T) {
	doc := readAll(t, directivesDoc)
	const head = "| code | mistake |\n|---|---|\n"
	at := strings.Index(doc, head)
	require.Positive(t, at)
	at += len(head)
	var table strings.Builder
	for _, code := range diag.Codes() {
		fmt.Fprintf(&table, "| %s | %s |\n", code, code.Summary())
	}
	if *update {
		require.NoError(t, os.WriteFile(directivesDoc, []byte(doc[:at]+table.String()), 0o644))
		return
	}
	assert.Equal(t, table.String(), doc[at:])
}
