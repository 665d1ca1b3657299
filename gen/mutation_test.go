package gen

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/check"
	"github.com/sagagen/sagagen/gen/internal/emit"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// TestAcceptedSourcesCompile changes sources at random. The generator never
// panics, a source with a fix applied can be parsed, and if no mistake is
// reported, the generated file compiles together with the source.
func TestAcceptedSourcesCompile(t *testing.T) {
	names, err := filepath.Glob("../testdata/*/*/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	imports := loadImports(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	accepted := 0
	for range mutants {
		name := names[random.IntN(len(names))]
		if strings.HasSuffix(name, model.Suffix) || strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		source := mutate(random, string(content))
		if accepts(t, imports, source) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("source, from %s:\n%s", name, source)
		}
	}
	t.Logf("%d of %d accepted", accepted, mutants)
	assert.Positive(t, accepted)
}

const mutants = 400

// mutate returns a source with a few lines or words changed.
func mutate(random *rand.Rand, source string) string {
	lines := strings.Split(source, "\n")
	line := func() int { return random.IntN(len(lines)) }
	for range random.IntN(4) {
		switch i, j := line(), line(); random.IntN(5) {
		case 0:
			lines[i] = ""
		case 1:
			lines[i] = lines[j]
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		default: // a word of another line
			words, others := strings.Fields(lines[i]), strings.Fields(lines[j])
			if len(words) > 0 && len(others) > 0 {
				lines[i] = strings.Replace(lines[i], words[random.IntN(len(words))], others[random.IntN(len(others))], 1)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// loadImports returns an importer of the packages that the sources and the
// generated code import.
func loadImports(t *testing.T) types.Importer {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedExportFile},
		typeutil.RuntimePath, "context", "time", "sync", "io", "fmt", "errors", "encoding/json", "net/netip", "strings", "math/big")
	require.NoError(t, err)
	byPath := importMap{}
	for _, p := range loaded {
		byPath[p.PkgPath] = p.Types
	}
	return byPath
}

// applied returns a source with a fix applied.
func applied(source string, fix diag.Fix) string {
	for _, e := range fix.Edits {
		source = source[:e.Start] + e.New + source[e.End:]
	}
	return source
}

type importMap map[string]*types.Package

func (m importMap) Import(path string) (*types.Package, error) {
	if p := m[path]; p != nil {
		return p, nil
	}
	return importer.Default().Import("nothing/" + path)
}

// accepts reports whether a source has no mistakes. If so, it asserts that the
// generated file compiles.
func accepts(t *testing.T, imports types.Importer, source string) bool {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "/src/order/order.go", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	l := &load.Package{
		Candidate:   load.Candidate{Dir: "/src/order", Path: "example.com/order", Name: file.Name.Name},
		Handwritten: []*ast.File{file},
		Info:        &types.Info{Defs: map[*ast.Ident]types.Object{}},
	}
	config := types.Config{Importer: imports, Error: func(err error) { l.TypeErrors = append(l.TypeErrors, err.(types.Error)) }}
	l.Types, _ = config.Check(l.Path, fset, l.Handwritten, l.Info)
	r := report.New(fset, l.Types)
	model, err := analyze(check.NewRun(load.NewUniverse(fset, nil, nil)), l, r)
	require.NoError(t, err)
	for _, d := range r.Diagnostics {
		assert.True(t, d.Pos.IsValid(), d.String())
		assert.NotContains(t, d.Message, "\n")
		assert.NotContains(t, d.Message, "%!")
		for _, fix := range d.Fixes {
			_, err := parser.ParseFile(token.NewFileSet(), "", applied(source, fix), parser.SkipObjectResolution)
			assert.NoError(t, err, "%s: %s", d, fix.Message)
		}
	}
	if model == nil {
		return false
	}
	output, err := emit.File(model)
	require.NoError(t, err)
	generated, err := parser.ParseFile(fset, "/src/order/order_saga_gen.go", output, parser.SkipObjectResolution)
	require.NoError(t, err, "%s", output)
	if len(l.TypeErrors) > 0 {
		return true // of which the generated code may have more
	}
	config.Error = func(err error) { t.Errorf("%v\n%s", err, output) }
	_, err = config.Check(l.Path, fset, []*ast.File{file, generated}, nil)
	return assert.NoError(t, err)
}
