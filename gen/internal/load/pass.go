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

// Pass is a package that another program, such as go vet, has read and
// type-checked. It has the fields of gen.Pass.
type Pass struct {
	// Path is the import path.
	Path string
	// Fset has the positions of Files.
	Fset *token.FileSet
	// Files are the files that the compiler sees, parsed with comments. The
	// package's tests may be among them.
	Files []*ast.File
	// Ignored are the names of the files in the folder that the compiler
	// doesn't see with these build tags. Default: none.
	Ignored []string
	// ReadFile returns the content of one of all these files.
	ReadFile func(name string) ([]byte, error)
	// Imports are the packages that the files import, with their types.
	Imports []*types.Package
	// Fact returns the LoadedPass.Fact of an imported package; empty if there
	// is none.
	Fact func(*types.Package) string
	// GoVersion is the version of the language, as in go1.26. Default: the
	// latest.
	GoVersion string
	// Sizes are the sizes of types. Default: gc's on amd64.
	Sizes types.Sizes
}

// LoadedPass is a Pass with everything that the checks need.
type LoadedPass struct {
	*Package
	Universe *Universe
	// Fact is the fact for the packages that import this one; empty if the
	// package has no directives.
	Fact string
	// FirstDirective is the position of the first directive, or of the first
	// comment that is probably meant as one. It isn't valid if there is none.
	FirstDirective token.Pos
	// Unrelated says that the package has no directives and no generated files.
	// Then the Package has no types, and the Universe is nil.
	Unrelated bool
}

// Load reads what the checks need in addition to the pass. It reads no files
// outside the package. The error is that of ReadFile.
func (p Pass) Load() (*LoadedPass, error) {
	pkg, err := p.classifyFiles()
	if err != nil {
		return nil, err
	}
	result := &LoadedPass{Package: pkg}
	result.Fact, result.FirstDirective = factOf(p.Fset, pkg.Handwritten)
	pkg.Dir = p.dir(pkg, result.FirstDirective)
	if result.Fact == "" && len(pkg.GeneratedFiles) == 0 && len(pkg.TestFiles) == 0 {
		result.Unrelated = true
		return result, nil
	}
	if err := p.readFiles(pkg); err != nil {
		return nil, err
	}
	p.checkTypes(pkg)
	result.Universe = p.universe()
	return result, nil
}

// classifyFiles returns a package with the hand-written files, the generated
// files, and the test files that have directives.
func (p Pass) classifyFiles() (*Package, error) {
	pkg := &Package{Candidate: Candidate{Path: p.Path}, ParseErrors: map[string]error{}}
	for _, f := range p.Files {
		name := p.fileName(f)
		if strings.HasSuffix(name, "_test.go") {
			if hasDirective(f) {
				pkg.TestFiles = append(pkg.TestFiles, f)
			}
			continue
		}
		generated := false
		if strings.HasSuffix(name, model.Suffix) {
			src, err := p.ReadFile(name)
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
	if files := slices.Concat(pkg.Handwritten, p.Files); len(files) > 0 {
		pkg.Name = files[0].Name.Name
	}
	return pkg, nil
}

// dir returns the folder of the package. The files that the compiler sees may
// be elsewhere, if cgo has derived them, so dir uses the source position of the
// first directive.
func (p Pass) dir(pkg *Package, first token.Pos) string {
	switch {
	case first.IsValid():
		return filepath.Dir(p.Fset.Position(first).Filename)
	case len(pkg.GeneratedFiles) > 0:
		return filepath.Dir(pkg.GeneratedFiles[0])
	}
	return ""
}

func (p Pass) fileName(f *ast.File) string { return p.Fset.File(f.FileStart).Name() }

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

// readFiles finds what the parsed files don't show: syntax errors, and whether
// ignored files mention directives.
func (p Pass) readFiles(pkg *Package) error {
	for _, f := range pkg.Handwritten {
		src, err := p.ReadFile(p.fileName(f))
		if err != nil {
			return err
		}
		_, err = parser.ParseFile(token.NewFileSet(), p.fileName(f), src, parser.AllErrors|parser.SkipObjectResolution)
		if err != nil {
			pkg.ParseErrors[p.fileName(f)] = err
		}
	}
	if len(pkg.GeneratedFiles) == 0 {
		return nil
	}
	ignored := slices.DeleteFunc(slices.Clone(p.Ignored), func(name string) bool {
		return !strings.HasSuffix(name, ".go")
	})
	var err error
	pkg.Partial, err = anyMentions(ignored, p.ReadFile)
	return err
}

// checkTypes type-checks the hand-written files without the generated ones,
// whose declarations are about to be generated again.
func (p Pass) checkTypes(pkg *Package) {
	imports := passImporter{"unsafe": types.Unsafe}
	for _, imported := range p.Imports {
		imports[importPath(imported)] = imported
	}
	pkg.Info = &types.Info{Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{
		Importer: imports, GoVersion: p.GoVersion, Sizes: p.Sizes, IgnoreFuncBodies: true,
		Error: func(err error) { pkg.TypeErrors = append(pkg.TypeErrors, err.(types.Error)) },
	}
	pkg.Types, _ = config.Check(p.Path, p.Fset, pkg.Handwritten, pkg.Info)
}

// passImporter resolves imports by import path.
type passImporter map[string]*types.Package

// Import implements types.Importer.
func (m passImporter) Import(path string) (*types.Package, error) {
	if p := m[path]; p != nil && p.Complete() {
		return p, nil
	}
	return nil, errors.New("the package can't be loaded")
}

// importPath returns the import path of a package. The path of a package that
// is compiled for a test may end in the name of the test.
func importPath(p *types.Package) string {
	path, _, _ := strings.Cut(p.Path(), " ")
	return path
}

// universe returns the packages that the pass imports, directly or indirectly.
func (p Pass) universe() *Universe {
	universe := &Universe{Fset: p.Fset, ByPath: map[string]*Dependency{}, Checked: map[string]bool{p.Path: true}}
	var add func(imports []*types.Package)
	add = func(imports []*types.Package) {
		for _, imported := range imports {
			if universe.ByPath[importPath(imported)] != nil {
				continue
			}
			universe.ByPath[importPath(imported)] = &Dependency{
				Types:   imported,
				Sources: func(fset *token.FileSet) []*ast.File { return parseFact(fset, p.Fact(imported)) },
			}
			add(imported.Imports())
		}
	}
	add(p.Imports)
	return universe
}
