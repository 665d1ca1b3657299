package gen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const diagnosticsDir = "../testdata/diagnostics"

// TestDiagnostics analyzes the packages of testdata/diagnostics. Each has one
// mistake, or a few related ones. Its want.txt lists the diagnostics as they
// are printed, in order, each with its related positions indented below.
func TestDiagnostics(t *testing.T) {
	entries, err := os.ReadDir(diagnosticsDir)
	require.NoError(t, err)
	var patterns []string
	for _, e := range entries {
		patterns = append(patterns, "./"+e.Name())
	}
	// One run is much faster than one for each case.
	result, err := Analyze(t.Context(), Options{Dir: diagnosticsDir, Patterns: patterns})
	require.NoError(t, err)
	assert.Empty(t, result.Packages, "packages without a mistake")

	found := map[string]string{}
	for _, d := range result.Diagnostics {
		found[filepath.Base(filepath.Dir(d.Pos.Filename))] += printed(d)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			want := filepath.Join(diagnosticsDir, e.Name(), "want.txt")
			if *update {
				require.NoError(t, os.WriteFile(want, []byte(found[e.Name()]), 0o644))
			}
			content, err := os.ReadFile(want)
			require.NoError(t, err)
			assert.Equal(t, string(content), found[e.Name()])
		})
	}
	t.Run("every code", func(t *testing.T) {
		for _, c := range declaredCodes(t) {
			assert.NotEmpty(t, c.Summary(), "summary of %s", c)
			assert.True(t, slices.ContainsFunc(result.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == c }), "no case for %s: %s", c, c.Summary())
		}
	})
}

// printed returns a diagnostic as it is printed, with base names for files.
func printed(d diag.Diagnostic) string {
	base := func(pos token.Position) token.Position {
		pos.Filename = filepath.Base(pos.Filename)
		return pos
	}
	d.Pos = base(d.Pos)
	text := d.String() + "\n"
	for _, r := range d.Related {
		text += fmt.Sprintf("\t%s: %s\n", base(r.Pos), r.Message)
	}
	return text
}

// declaredCodes returns the codes that diag/codes.go declares.
func declaredCodes(t *testing.T) []diag.Code {
	f, err := parser.ParseFile(token.NewFileSet(), "diag/codes.go", nil, 0)
	require.NoError(t, err)
	var codes []diag.Code
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(lit.Value, `"SG`) {
			code, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			codes = append(codes, diag.Code(code))
		}
		return true
	})
	require.Len(t, codes, len(diag.Codes()))
	return codes
}
