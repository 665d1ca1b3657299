package load

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// Unit is a package that another program, such as go vet, has read.
type Pass struct {
	// Path is the import path.
	Path string
	// Fset has the positions of Files.
	Fset *token.FileSet
	// Files are what the compiler sees, parsed with comments. The package's tests may be among them.
	Files []*ast.File
	// Ignored are the names of the files in the folder that the compiler doesn't see this time. They default to none.
	Ignored []string
	// ReadFile returns the content of one of all these files.
	ReadFile func(name string) ([]byte, error)
	// Imports are the packages that the files import, with their types.
	Imports []*types.Package
	// Fact returns the fact of an imported package; empty if it has none.
	Fact func(*types.Package) string
	// GoVersion is the version of the language, as in go1.26. It defaults to the latest.
	GoVersion string
	// Sizes are those of types. They default to gc's on amd64.
	Sizes types.Sizes
}

// LoadedUnit is what load finds in a unit.
type LoadedPass struct {
	*Package
	Universe *Universe
	// Fact is for the packages that import this one; empty if it has no directives.
	Fact string
	// First is the first directive, or comment that is probably meant as one. It
	// isn't valid if there is none.
	FirstDirective token.Pos
	// Plain says that the package has nothing to do with sagagen. Then only its
	// import path, name and folder are loaded.
	Unrelated bool
}

// Load reads the rest of what the checks need, which is nothing outside the
// package.
func (u Pass) Load() (*LoadedPass, error) {
	pkg, err := u.classifyFiles()
	if err != nil {
		return nil, err
	}
	result := &LoadedPass{Package: pkg}
	result.Fact, result.FirstDirective = factOf(u.Fset, pkg.Handwritten)
	pkg.Dir = u.dir(pkg, result.FirstDirective)
	if result.Fact == "" && len(pkg.GeneratedFiles) == 0 && len(pkg.TestFiles) == 0 {
		result.Unrelated = true
		return result, nil
	}
	if err := u.readFiles(pkg); err != nil {
		return nil, err
	}
	u.checkTypes(pkg)
	result.Universe = u.universe()
	return result, nil
}

// sort tells hand-written files, our own output and tests with directives apart.
func (u Pass) classifyFiles() (*Package, error) {
	pkg := &Package{Candidate: Candidate{Path: u.Path}, ParseErrors: map[string]error{}}
	for _, f := range u.Files {
		name := u.fileName(f)
		if strings.HasSuffix(name, "_test.go") {
			if hasDirective(f) {
				pkg.TestFiles = append(pkg.TestFiles, f)
			}
			continue
		}
		generated := false
		if strings.HasSuffix(name, model.Suffix) {
			src, err := u.ReadFile(name)
			if err != nil {
				return nil, err
			}
			generated = model.IsGenerated(name, src)
		}
		if generated {
			pkg.GeneratedFiles = append(pkg.GeneratedFiles, name)
		} else {
			pkg.Handwritten = append(pkg.Handwritten, f)
		}
	}
	if files := slices.Concat(pkg.Handwritten, u.Files); len(files) > 0 {
		pkg.Name = files[0].Name.Name
	}
	return pkg, nil
}

// folder is that of the package. The files may be elsewhere, if cgo has made them: where their directives come from counts.
func (u Pass) dir(pkg *Package, first token.Pos) string {
	switch {
	case first.IsValid():
		return filepath.Dir(u.Fset.Position(first).Filename)
	case len(pkg.GeneratedFiles) > 0:
		return filepath.Dir(pkg.GeneratedFiles[0])
	}
	return ""
}

func (u Pass) fileName(f *ast.File) string { return u.Fset.File(f.FileStart).Name() }

func hasDirective(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//saga:") {
				return true
			}
		}
	}
	return false
}

// read finds what the compiler's view of the files doesn't tell: which can't be parsed, and what is in the ignored ones.
func (u Pass) readFiles(pkg *Package) error {
	for _, f := range pkg.Handwritten {
		src, err := u.ReadFile(u.fileName(f))
		if err != nil {
			return err
		}
		if _, err := parser.ParseFile(token.NewFileSet(), u.fileName(f), src, parser.AllErrors|parser.SkipObjectResolution); err != nil {
			pkg.ParseErrors[u.fileName(f)] = err
		}
	}
	if len(pkg.GeneratedFiles) == 0 {
		return nil
	}
	ignored := slices.DeleteFunc(slices.Clone(u.Ignored), func(name string) bool { return !strings.HasSuffix(name, ".go") })
	var err error
	pkg.Partial, err = anyMentions(ignored, u.ReadFile)
	return err
}

// check finds the types of the hand-written files as they are without our own output, which is about to be declared anew.
func (u Pass) checkTypes(pkg *Package) {
	imports := passImporter{"unsafe": types.Unsafe}
	for _, imported := range u.Imports {
		imports[importPath(imported)] = imported
	}
	pkg.Info = &types.Info{Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{
		Importer: imports, GoVersion: u.GoVersion, Sizes: u.Sizes, IgnoreFuncBodies: true,
		Error: func(err error) { pkg.TypeErrors = append(pkg.TypeErrors, err.(types.Error)) },
	}
	pkg.Types, _ = config.Check(u.Path, u.Fset, pkg.Handwritten, pkg.Info)
}

type passImporter map[string]*types.Package

// Import implements types.Importer.
func (m passImporter) Import(path string) (*types.Package, error) {
	if p := m[path]; p != nil && p.Complete() {
		return p, nil
	}
	return nil, errors.New("the package can't be loaded")
}

// packagePath is the import path of a package, which in a test may have the test behind it.
func importPath(p *types.Package) string {
	path, _, _ := strings.Cut(p.Path(), " ")
	return path
}

// universe is what the unit imports, directly or not.
func (u Pass) universe() *Universe {
	universe := &Universe{Fset: u.Fset, ByPath: map[string]*Dependency{}, Checked: map[string]bool{u.Path: true}}
	var add func(imports []*types.Package)
	add = func(imports []*types.Package) {
		for _, imported := range imports {
			if universe.ByPath[importPath(imported)] != nil {
				continue
			}
			universe.ByPath[importPath(imported)] = &Dependency{Types: imported, Sources: func(fset *token.FileSet) []*ast.File { return parseFact(fset, u.Fact(imported)) }}
			add(imported.Imports())
		}
	}
	add(u.Imports)
	return universe
}
