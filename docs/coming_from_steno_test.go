package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var apiName = regexp.MustCompile(`\b(saga|sec|store)\.([A-Z]\w*(?:\.[A-Z]\w*)?)`)

// TestNamesInComingFromStenoExist looks up each API name that the page
// mentions.
func TestNamesInComingFromStenoExist(t *testing.T) {
	page, err := os.ReadFile("coming-from-steno.md")
	require.NoError(t, err)
	declared := map[string]map[string]bool{
		"saga":  declaredNames(t, "../runtime"),
		"sec":   declaredNames(t, "../runtime/sec"),
		"store": declaredNames(t, "../runtime/store"),
	}
	mentioned := apiName.FindAllStringSubmatch(string(page), -1)
	assert.Greater(t, len(mentioned), 30)
	for _, m := range mentioned {
		assert.True(t, declared[m[1]][m[2]], "%s is not declared", m[0])
	}
}

// declaredNames returns the names of the functions, types, variables and
// constants of a package, and of its methods, such as "DAG.Find".
func declaredNames(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := fs.Glob(os.DirFS(dir), "*.go")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				names[receiver(decl)+decl.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						names[spec.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range spec.Names {
							names[n.Name] = true
						}
					}
				}
			}
		}
	}
	return names
}

// receiver returns the type of a method's receiver followed by a dot, or "" for
// a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}
