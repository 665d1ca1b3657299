package gen

import (
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/testmodule"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

const diagnosticsDoc = "../docs/diagnostics.md"

const diagnosticsDocHead = `# Diagnostics

Each diagnostic that sagagen reports ends with a code. This page has a section
for each code: what the code means, an example with the mistake, what sagagen
reports for it, and the fixed example. ` + "`sagagen explain SG012`" + ` prints the
same text. A code keeps its meaning in all releases.

`

// TestExplanationsAreTrue asserts that each code has a page; that its wrong
// example is reported as the page says, with that code only; and that the right
// example has no mistakes.
func TestExplanationsAreTrue(t *testing.T) {
	dir := t.TempDir()
	testmodule.WriteDepending(t, dir, "example.com/shop")
	var patterns []string
	for _, code := range declaredCodes(t) {
		e, ok := diag.Explain(code)
		require.True(t, ok, code)
		assert.NotEmpty(t, e.Meaning, code)
		for state, files := range map[string][]diag.SourceFile{"wrong": e.Wrong, "right": e.Right} {
			require.NotEmpty(t, files, code)
			patterns = append(patterns, "./"+string(code)+"/"+state)
			for _, f := range files {
				if formatted, err := format.Source([]byte(f.Content)); err == nil {
					assert.Equal(t, string(formatted), f.Content, "%s: gofmt changes %s/%s", code, state, f.Name)
				}
				path := filepath.Join(dir, string(code), state, f.Name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				content := strings.ReplaceAll(f.Content, `"example.com/shop/`, `"example.com/shop/`+string(code)+"/"+state+"/")
				require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
			}
		}
	}
	result, err := Analyze(t.Context(), Options{Dir: dir, Patterns: patterns})
	require.NoError(t, err)
	said := map[diag.Code]string{}
	for _, d := range result.Diagnostics {
		path, err := filepath.Rel(dir, d.Pos.Filename)
		require.NoError(t, err)
		code, rest, _ := strings.Cut(filepath.ToSlash(path), "/")
		assert.Equal(t, diag.Code(code), d.Code, "%s: %s", path, d.Message)
		assert.True(t, strings.HasPrefix(rest, "wrong/"), d)
		said[diag.Code(code)] += strings.ReplaceAll(printed(d), "example.com/shop/"+code+"/wrong", "example.com/shop")
	}
	for _, code := range diag.Codes() {
		e, _ := diag.Explain(code)
		if *update {
			setSays(t, code, said[code])
			continue
		}
		assert.Equal(t, said[code], e.Says, code)
	}
}

func setSays(t *testing.T, code diag.Code, text string) {
	path := filepath.Join("diag", "explanations", string(code)+".txtar")
	archive, err := txtar.ParseFile(path)
	require.NoError(t, err)
	for i, f := range archive.Files {
		if f.Name == "says.txt" {
			archive.Files[i].Data = []byte(text)
		}
	}
	require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
}

// TestDiagnosticsDocHasThePages compares docs/diagnostics.md with the pages.
// The pages are embedded, so a change that -update makes to them takes effect,
// here and in the document, in the next run.
func TestDiagnosticsDocHasThePages(t *testing.T) {
	text := diagnosticsDocHead
	for _, code := range diag.Codes() {
		e, ok := diag.Explain(code)
		require.True(t, ok)
		text += e.Markdown()
	}
	text = strings.TrimRight(text, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(diagnosticsDoc, []byte(text), 0o644))
		return
	}
	assert.Equal(t, text, readAll(t, diagnosticsDoc))
}
