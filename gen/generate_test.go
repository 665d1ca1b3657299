package gen

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/internal/testmodule"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGenerateLeavesAFileThatIsUpToDateAlone(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{"order/order.go": testmodule.OrderSource})
	path := filepath.Join(dir, "order", "order_saga_gen.go")
	opts := Options{Dir: dir, Patterns: []string{"./order"}}
	result, err := Generate(t.Context(), opts)
	require.NoError(t, err)
	require.Len(t, result.Files, 1)
	assert.True(t, result.Files[0].Changed)
	assert.Equal(t, path, result.Files[0].Path)
	before, err := os.Stat(path)
	require.NoError(t, err)

	result, err = Generate(t.Context(), opts)
	require.NoError(t, err)
	require.Len(t, result.Files, 1)
	assert.False(t, result.Files[0].Changed)
	after, err := os.Stat(path)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "not replaced")
	assert.Equal(t, before.ModTime(), after.ModTime())
}

func TestCheckSaysWhatGenerateWouldWrite(t *testing.T) {
	dir := testmodule.Write(t, map[string]string{
		"missing/order.go":        testmodule.OrderSource,
		"empty/order.go":          testmodule.OrderSource,
		"empty/order_saga_gen.go": "",
		"current/order.go":        testmodule.OrderSource,
		"mistaken/order.go":       "package order\n\n//saga:do pack\nfunc pack() error { return nil }\n",
		"edited/order.go":         testmodule.OrderSource,
		"elsewhere/elsewhere.go":  "package elsewhere\n",
	})
	current := Options{Dir: dir, Patterns: []string{"./current", "./edited"}}
	_, err := Generate(t.Context(), current)
	require.NoError(t, err)
	path := func(state string) string { return filepath.Join(dir, state, "order_saga_gen.go") }
	content, err := os.ReadFile(path("current"))
	require.NoError(t, err)
	edited := bytes.Replace(content, []byte("package order\n"), []byte("package order\n\n// By hand.\n"), 1)
	require.NoError(t, os.WriteFile(path("edited"), edited, 0o644))

	stages := map[string]int{}
	opts := Options{Dir: dir, Patterns: []string{"./..."}, Timed: func(timing Timing) { stages[timing.Stage]++ }}
	result, err := Check(t.Context(), opts)
	require.NoError(t, err)
	assert.Len(t, result.Diagnostics, 1)
	found := map[string]File{}
	for _, f := range result.Files {
		found[filepath.Base(filepath.Dir(f.Path))] = f
		assert.Contains(t, string(f.Content), "package order")
	}
	require.Len(t, found, 4)
	for state, want := range map[string]struct {
		changed, missing bool
		first            int
		diff             string
	}{
		"missing": {true, true, 1, "--- /dev/null\n+++ b/x\n@@ -0,0 +1,"},
		"empty":   {true, false, 1, "--- a/x\n+++ b/x\n@@ -0,0 +1,"},
		"current": {false, false, 0, ""},
		"edited":  {true, false, 5, "--- a/x\n+++ b/x\n@@ -2,8 +2,6 @@\n"},
	} {
		f := found[state]
		assert.Equal(t, want.changed, f.Changed, state)
		assert.Equal(t, want.missing, f.Missing(), state)
		assert.True(t, strings.HasPrefix(string(f.Diff("x")), want.diff), "%s: %s", state, f.Diff("x"))
		if want.changed {
			assert.Equal(t, want.first, f.FirstChange(), state)
		}
	}
	assert.Positive(t, stages["load"])
	assert.Equal(t, 5, stages["check"])
	assert.Equal(t, 4, stages["emit"])
	assert.Zero(t, stages["write"])
	assert.NoFileExists(t, path("missing"))
	after, err := os.ReadFile(path("edited"))
	require.NoError(t, err)
	assert.Equal(t, edited, after)
}

func TestWriteFileKeepsTheMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x_saga_gen.go")
	require.NoError(t, os.WriteFile(path, nil, 0o640))
	require.NoError(t, writeFile(path, []byte("package x\n")))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o640), info.Mode())
}

func TestWriteFileLeavesNothingBehindWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x_saga_gen.go")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "a folder in the way"), 0o755))
	require.Error(t, writeFile(path, []byte("package x\n")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)

	assert.ErrorIs(t, writeFile(filepath.Join(dir, "missing", "x_saga_gen.go"), nil), fs.ErrNotExist)
}
