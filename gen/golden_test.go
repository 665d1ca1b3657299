package gen

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/emit"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/outline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const goldenDir = "../testdata/golden"

// TestGolden compares the files generated for the programs in testdata/golden
// with the files there. It also runs each program and compares its output with
// output.txt.
func TestGolden(t *testing.T) {
	opts := Options{Patterns: []string{goldenDir + "/..."}}
	if *update {
		_, err := Generate(t.Context(), opts)
		require.NoError(t, err)
	}
	result, err := Analyze(t.Context(), opts)
	require.NoError(t, err)
	require.Empty(t, result.Diagnostics)
	require.NotEmpty(t, result.Packages)
	upToDate := true
	for _, p := range result.Packages {
		upToDate = assertGenerated(t, p) && upToDate
	}

	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin+string(filepath.Separator), opts.Patterns[0])
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	cases, err := os.ReadDir(bin)
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(strings.TrimSuffix(c.Name(), ".exe"), func(t *testing.T) {
			output := filepath.Join(goldenDir, strings.TrimSuffix(c.Name(), ".exe"), "output.txt")
			var stdout, stderr bytes.Buffer
			program := exec.CommandContext(t.Context(), filepath.Join(bin, c.Name()))
			program.Stdout, program.Stderr = &stdout, &stderr
			require.NoError(t, program.Run(), "%s", &stderr)
			if *update {
				require.NoError(t, os.WriteFile(output, stdout.Bytes(), 0o644))
			}
			want, err := os.ReadFile(output)
			require.NoError(t, err)
			assert.Equal(t, string(want), stdout.String())
		})
	}

	t.Run("a second run changes nothing", func(t *testing.T) {
		require.True(t, upToDate, "the generated files are not up to date; see above")
		result, err := Generate(t.Context(), opts)
		require.NoError(t, err)
		require.Len(t, result.Files, len(result.Packages))
		for _, f := range result.Files {
			assert.False(t, f.Changed, f.Path)
		}
	})
}

// TestTripIsAsCommitted generates the file of examples/trip.
func TestTripIsAsCommitted(t *testing.T) {
	result, err := Analyze(t.Context(), Options{Patterns: []string{"../examples/trip"}})
	require.NoError(t, err)
	require.Empty(t, result.Diagnostics)
	require.Len(t, result.Packages, 1)
	assertGenerated(t, result.Packages[0])
}

// assertGenerated asserts that the file generated for p is the one in its
// folder.
func assertGenerated(t *testing.T, p *model.Package) bool {
	t.Helper()
	content, err := emit.File(p)
	require.NoError(t, err)
	formatted, err := format.Source(content)
	require.NoError(t, err)
	assert.Equal(t, string(formatted), string(content), "gofmt changes it")
	assertNamesKnown(t, p, content)
	path := filepath.Join(p.Dir, p.Prefix+model.Suffix)
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	return assert.Equal(t, string(want), string(content), "%s: run the test with -update, then look at what changed", path)
}

// assertNamesKnown asserts that outline.Names returns exactly the names that
// the file declares.
func assertNamesKnown(t *testing.T, p *model.Package, content []byte) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", content, parser.SkipObjectResolution)
	require.NoError(t, err)
	var declared []string
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			name := decl.Name.Name
			if decl.Recv != nil {
				name = annotation.ReceiverName(decl) + "." + name
			}
			declared = append(declared, name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					declared = append(declared, spec.Name.Name)
				case *ast.ValueSpec:
					declared = append(declared, spec.Names[0].Name)
				}
			}
		}
	}
	known := []string{"_"}
	for _, n := range outline.Names(p) {
		if !n.Predeclared {
			known = append(known, n.Name)
		}
	}
	assert.Subset(t, declared, known[1:], "%s: names that nothing has", p.Path)
	assert.Subset(t, known, declared, "%s: names that GeneratedNames doesn't know", p.Path)
}
