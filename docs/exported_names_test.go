package docs_test

import (
	"flag"
	"fmt"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestExportedNames compares the exported names of each public package with its
// list in testdata/exported, so that a change of the API shows in a review.
func TestExportedNames(t *testing.T) {
	const folder = "../testdata/exported"
	config := &packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports, Dir: ".."}
	loaded, err := packages.Load(config, "./...")
	require.NoError(t, err)
	var lists []string
	for _, pkg := range loaded {
		name := strings.TrimPrefix(pkg.PkgPath, module)
		if !isPublic(name) || pkg.Name == "main" {
			continue
		}
		require.Empty(t, pkg.Errors, name)
		list := strings.ReplaceAll(name, "/", "_") + ".txt"
		lists = append(lists, list)
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(folder, list)
			got := strings.Join(exportedNames(pkg.Types), "\n") + "\n"
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "run make generate, and review the difference")
		})
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	require.NoError(t, err)
	for _, file := range files {
		assert.Contains(t, lists, filepath.Base(file), "the list of a package that doesn't exist")
	}
}

// maxVocabulary is how many names package saga may export. What only engines
// and stores need belongs to package engine.
const maxVocabulary = 110

func TestVocabularyFitsOnAPage(t *testing.T) {
	list, err := os.ReadFile("../testdata/exported/runtime.txt")
	require.NoError(t, err)
	names := 0
	for line := range strings.Lines(string(list)) {
		if !strings.HasPrefix(line, "\t") { // a field or a method
			names++
		}
	}
	assert.LessOrEqual(t, names, maxVocabulary)
	assert.Greater(t, names, 50)
}

// isPublic reports whether users can import a package of this module.
func isPublic(name string) bool {
	elements := strings.Split(name, "/")
	return !slices.Contains(elements, "internal") && elements[0] != "examples" && elements[0] != "docs"
}

// exportedNames returns the exported declarations of a package, one on each
// line, with the exported methods and fields of types indented below.
func exportedNames(pkg *types.Package) []string {
	var lines []string
	qualify := func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return path.Base(p.Name())
	}
	add := func(indent string, obj types.Object) {
		text := types.ObjectString(obj, qualify)
		if i := strings.IndexByte(text, '{'); i >= 0 { // members follow
			text = strings.TrimSpace(text[:i])
		}
		lines = append(lines, indent+text)
	}
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if !obj.Exported() {
			continue
		}
		add("", obj)
		typeName, ok := obj.(*types.TypeName)
		if !ok {
			continue
		}
		if s, ok := typeName.Type().Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				if f.Exported() {
					lines = append(lines, fmt.Sprintf("\tfield %s %s", f.Name(), types.TypeString(f.Type(), qualify)))
				}
			}
		}
		methods := types.NewMethodSet(types.NewPointer(typeName.Type()))
		if types.IsInterface(typeName.Type()) {
			methods = types.NewMethodSet(typeName.Type())
		}
		for m := range methods.Methods() {
			if m.Obj().Exported() && len(m.Index()) == 1 {
				signature := types.TypeString(m.Type(), qualify)
				lines = append(lines, "\tmethod "+m.Obj().Name()+strings.TrimPrefix(signature, "func"))
			}
		}
	}
	return lines
}
