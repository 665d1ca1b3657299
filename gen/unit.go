package gen

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Unit is a package that something else has read and type-checked, such as go vet.
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
	// Excerpt returns the UnitResult.Excerpt of an imported package.
	Excerpt func(*types.Package) []SourceFile
	// GoVersion is the version of the language, as in go1.26. It defaults to the latest.
	GoVersion string
	// Sizes are those of types. They default to gc's on amd64.
	Sizes types.Sizes
}

// UnitResult is what CheckUnit found.
type UnitResult struct {
	// Result has one of Files at most. Its positions are those in the files that were read, whatever line directives say.
	Result
	// Excerpt is what has to be known of the package's directives where it is imported. It is empty if it has none.
	Excerpt []SourceFile
	// First is the first comment of the package that is a directive or meant as one. It isn't valid if there is none.
	First token.Pos
}

// CheckUnit is Check for a package that is read already. It reads nothing beside that package, and finds what Check does for
// the package alone. The error is for what isn't a mistake in the sources.
func CheckUnit(u Unit) (UnitResult, error) {
	var result UnitResult
	l, err := u.sort()
	if err != nil {
		return result, err
	}
	result.Excerpt, result.First = excerpt(u.Fset, l.handwritten)
	l.dir = u.folder(l, result.First)
	if len(result.Excerpt) == 0 && len(l.outputs) == 0 && len(l.testFiles) == 0 {
		return result, nil
	}
	if err := u.read(l); err != nil {
		return result, err
	}
	u.check(l)
	r := newReporter(u.Fset, l.types)
	r.raw = true
	model, err := analyzePackage(u.universe(), l, r)
	if err != nil {
		return result, err
	}
	result.Diagnostics = collected(r)
	if model == nil {
		return result, nil
	}
	f, err := compare(model, func(name string) ([]byte, error) {
		if !slices.Contains(l.outputs, name) {
			return nil, fs.ErrNotExist
		}
		return u.ReadFile(name)
	})
	if err != nil {
		return result, err
	}
	result.Files = []File{f}
	return result, nil
}

// sort tells hand-written files, our own output and tests with directives apart.
func (u Unit) sort() (*loaded, error) {
	l := &loaded{candidate: candidate{path: u.Path}, parseErrors: map[string]error{}}
	for _, f := range u.Files {
		name := u.name(f)
		if strings.HasSuffix(name, "_test.go") {
			if hasDirective(f) {
				l.testFiles = append(l.testFiles, f)
			}
			continue
		}
		own := false
		if strings.HasSuffix(name, outputSuffix) {
			src, err := u.ReadFile(name)
			if err != nil {
				return nil, err
			}
			own = isOwnOutput(name, src)
		}
		if own {
			l.outputs = append(l.outputs, name)
		} else {
			l.handwritten = append(l.handwritten, f)
		}
	}
	if files := slices.Concat(l.handwritten, u.Files); len(files) > 0 {
		l.name = files[0].Name.Name
	}
	return l, nil
}

// folder is that of the package. The files may be elsewhere, if cgo has made them: where their directives come from counts.
func (u Unit) folder(l *loaded, first token.Pos) string {
	switch {
	case first.IsValid():
		return filepath.Dir(u.Fset.Position(first).Filename)
	case len(l.outputs) > 0:
		return filepath.Dir(l.outputs[0])
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
func (u Unit) read(l *loaded) error {
	for _, f := range l.handwritten {
		src, err := u.ReadFile(u.name(f))
		if err != nil {
			return err
		}
		if _, err := parser.ParseFile(token.NewFileSet(), u.name(f), src, parser.AllErrors|parser.SkipObjectResolution); err != nil {
			l.parseErrors[u.name(f)] = err
		}
	}
	if len(l.outputs) == 0 {
		return nil
	}
	ignored := slices.DeleteFunc(slices.Clone(u.Ignored), func(name string) bool { return !strings.HasSuffix(name, ".go") })
	var err error
	l.partial, err = mentioned(ignored, u.ReadFile)
	return err
}

// check finds the types of the hand-written files as they are without our own output, which is about to be declared anew.
func (u Unit) check(l *loaded) {
	imports := unitImports{"unsafe": types.Unsafe}
	for _, p := range u.Imports {
		imports[packagePath(p)] = p
	}
	l.info = &types.Info{Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{
		Importer: imports, GoVersion: u.GoVersion, Sizes: u.Sizes, IgnoreFuncBodies: true,
		Error: func(err error) { l.typeErrors = append(l.typeErrors, err.(types.Error)) },
	}
	l.types, _ = config.Check(u.Path, u.Fset, l.handwritten, l.info)
}

type unitImports map[string]*types.Package

// Import implements types.Importer.
func (m unitImports) Import(path string) (*types.Package, error) {
	if p := m[path]; p != nil && p.Complete() {
		return p, nil
	}
	return nil, errors.New("it can't be read")
}

// packagePath is the import path of a package, which in a test may have the test behind it.
func packagePath(p *types.Package) string {
	path, _, _ := strings.Cut(p.Path(), " ")
	return path
}

// universe is what the unit imports, directly or not.
func (u Unit) universe() *universe {
	all := &universe{fset: u.Fset, byPath: map[string]*dependency{}, asked: map[string]bool{u.Path: true}, models: map[string]*modeler{}}
	var add func(imports []*types.Package)
	add = func(imports []*types.Package) {
		for _, p := range imports {
			if all.byPath[packagePath(p)] != nil {
				continue
			}
			all.byPath[packagePath(p)] = &dependency{types: p, sources: func(fset *token.FileSet) []*ast.File { return parseExcerpt(fset, u.Excerpt(p)) }}
			add(p.Imports())
		}
	}
	add(u.Imports)
	return all
}
