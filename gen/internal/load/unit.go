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
type Unit struct {
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
type LoadedUnit struct {
	*Package
	Universe *Universe
	// Fact is for the packages that import this one; empty if it has no directives.
	Fact string
	// First is the first directive, or comment that is probably meant as one. It
	// isn't valid if there is none.
	First token.Pos
	// Plain says that the package has nothing to do with sagagen. Then only its
	// import path, name and folder are loaded.
	Plain bool
}

// Load reads the rest of what the checks need, which is nothing outside the
// package.
func (u Unit) Load() (*LoadedUnit, error) {
	l, err := u.sort()
	if err != nil {
		return nil, err
	}
	result := &LoadedUnit{Package: l}
	result.Fact, result.First = factOf(u.Fset, l.Handwritten)
	l.Dir = u.folder(l, result.First)
	if result.Fact == "" && len(l.Outputs) == 0 && len(l.TestFiles) == 0 {
		result.Plain = true
		return result, nil
	}
	if err := u.read(l); err != nil {
		return nil, err
	}
	u.check(l)
	result.Universe = u.universe()
	return result, nil
}

// sort tells hand-written files, our own output and tests with directives apart.
func (u Unit) sort() (*Package, error) {
	l := &Package{Candidate: Candidate{Path: u.Path}, ParseErrors: map[string]error{}}
	for _, f := range u.Files {
		name := u.name(f)
		if strings.HasSuffix(name, "_test.go") {
			if hasDirective(f) {
				l.TestFiles = append(l.TestFiles, f)
			}
			continue
		}
		own := false
		if strings.HasSuffix(name, model.Suffix) {
			src, err := u.ReadFile(name)
			if err != nil {
				return nil, err
			}
			own = model.IsGenerated(name, src)
		}
		if own {
			l.Outputs = append(l.Outputs, name)
		} else {
			l.Handwritten = append(l.Handwritten, f)
		}
	}
	if files := slices.Concat(l.Handwritten, u.Files); len(files) > 0 {
		l.Name = files[0].Name.Name
	}
	return l, nil
}

// folder is that of the package. The files may be elsewhere, if cgo has made them: where their directives come from counts.
func (u Unit) folder(l *Package, first token.Pos) string {
	switch {
	case first.IsValid():
		return filepath.Dir(u.Fset.Position(first).Filename)
	case len(l.Outputs) > 0:
		return filepath.Dir(l.Outputs[0])
	}
	return ""
}

func (u Unit) name(f *ast.File) string { return u.Fset.File(f.FileStart).Name() }

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
func (u Unit) read(l *Package) error {
	for _, f := range l.Handwritten {
		src, err := u.ReadFile(u.name(f))
		if err != nil {
			return err
		}
		if _, err := parser.ParseFile(token.NewFileSet(), u.name(f), src, parser.AllErrors|parser.SkipObjectResolution); err != nil {
			l.ParseErrors[u.name(f)] = err
		}
	}
	if len(l.Outputs) == 0 {
		return nil
	}
	ignored := slices.DeleteFunc(slices.Clone(u.Ignored), func(name string) bool { return !strings.HasSuffix(name, ".go") })
	var err error
	l.Partial, err = mentioned(ignored, u.ReadFile)
	return err
}

// check finds the types of the hand-written files as they are without our own output, which is about to be declared anew.
func (u Unit) check(l *Package) {
	imports := unitImports{"unsafe": types.Unsafe}
	for _, p := range u.Imports {
		imports[packagePath(p)] = p
	}
	l.Info = &types.Info{Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{
		Importer: imports, GoVersion: u.GoVersion, Sizes: u.Sizes, IgnoreFuncBodies: true,
		Error: func(err error) { l.TypeErrors = append(l.TypeErrors, err.(types.Error)) },
	}
	l.Types, _ = config.Check(u.Path, u.Fset, l.Handwritten, l.Info)
}

type unitImports map[string]*types.Package

// Import implements types.Importer.
func (m unitImports) Import(path string) (*types.Package, error) {
	if p := m[path]; p != nil && p.Complete() {
		return p, nil
	}
	return nil, errors.New("the package can't be loaded")
}

// packagePath is the import path of a package, which in a test may have the test behind it.
func packagePath(p *types.Package) string {
	path, _, _ := strings.Cut(p.Path(), " ")
	return path
}

// universe is what the unit imports, directly or not.
func (u Unit) universe() *Universe {
	all := &Universe{Fset: u.Fset, ByPath: map[string]*dependency{}, Asked: map[string]bool{u.Path: true}}
	var add func(imports []*types.Package)
	add = func(imports []*types.Package) {
		for _, p := range imports {
			if all.ByPath[packagePath(p)] != nil {
				continue
			}
			all.ByPath[packagePath(p)] = &dependency{Types: p, Sources: func(fset *token.FileSet) []*ast.File { return parseFact(fset, u.Fact(p)) }}
			add(p.Imports())
		}
	}
	add(u.Imports)
	return all
}
