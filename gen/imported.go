package gen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// universe is all packages of a run: those that were asked for, and those that they import.
type universe struct {
	fset   *token.FileSet
	byPath map[string]*dependency
	// asked are the packages whose mistakes are reported in this run.
	asked map[string]bool
	// models are those of imported packages, read when first needed.
	models map[string]*modeler
}

// dependency is a package that others import.
type dependency struct {
	types *types.Package
	// trouble is why it can't be read, in the words of the go command; empty if it has none for that.
	trouble string
	// sources returns its files, as far as they have directives.
	sources func(*token.FileSet) []*ast.File
}

func newUniverse(fset *token.FileSet, pkgs []*packages.Package, roots []*loaded) *universe {
	u := &universe{fset: fset, byPath: map[string]*dependency{}, asked: map[string]bool{}, models: map[string]*modeler{}}
	var add func(p *packages.Package)
	add = func(p *packages.Package) {
		if u.byPath[p.PkgPath] != nil {
			return
		}
		d := &dependency{types: p.Types, sources: func(fset *token.FileSet) []*ast.File { return parseSources(fset, p.GoFiles) }}
		if len(p.Errors) > 0 {
			d.trouble = p.Errors[0].Msg
		}
		u.byPath[p.PkgPath] = d
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	for _, p := range pkgs {
		add(p)
	}
	for _, r := range roots {
		u.asked[r.path] = true
	}
	return u
}

// parseSources parses the hand-written ones among the files of an imported package.
func parseSources(fset *token.FileSet, names []string) []*ast.File {
	var files []*ast.File
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil || isOwnOutput(name, src) {
			continue
		}
		f, _ := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if f != nil {
			files = append(files, f)
		}
	}
	return files
}

// model returns the model of an imported package. Its types come from export data, which
// is there already; of its files only the comments and the declarations are read.
func (u *universe) model(pkg *types.Package) *modeler {
	if m := u.models[pkg.Path()]; m != nil {
		return m
	}
	r := newReporter(u.fset, pkg)
	m := newModeler(r, parseSource(r, u.byPath[pkg.Path()].sources(u.fset)), u)
	u.models[pkg.Path()] = m
	m.model()
	return m
}

// importedPackage returns the package that a file imports under a name; a blank import
// counts by the package's own name. It reports it if there is none.
func (m *modeler) importedPackage(f *ast.File, name string, pos token.Pos) *types.Package {
	var names []string
	var blank []*ast.ImportSpec // of that name; one that the file's code can use goes before them
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		local := ""
		p := m.universe.byPath[path]
		switch {
		case spec.Name != nil && spec.Name.Name == ".":
			continue
		case spec.Name != nil && spec.Name.Name != "_":
			local = spec.Name.Name
		case p != nil && p.types != nil:
			local = p.types.Name()
		}
		names = append(names, local)
		switch {
		case local != name:
		case spec.Name != nil && spec.Name.Name == "_":
			blank = append(blank, spec)
		default:
			return m.packageOf(spec, pos)
		}
	}
	switch len(blank) {
	case 0:
		m.unknownImport(f, name, names, pos)
		return nil
	case 1:
		return m.packageOf(blank[0], pos)
	}
	m.report(CodeUnknownImport, pos, "this file imports two packages %s for their directives, %s and %s; give one of them another name, and use it", name, blank[0].Path.Value, blank[1].Path.Value)
	return nil
}

// packageOf returns the package that is imported, or reports that it can't be read.
func (m *modeler) packageOf(spec *ast.ImportSpec, pos token.Pos) *types.Package {
	if m.brokenImportSpec(spec) {
		return nil
	}
	path, _ := strconv.Unquote(spec.Path.Value) // whoever asks has done so
	p := m.universe.byPath[path]
	if p == nil || p.types == nil || !p.types.Complete() {
		m.report(CodeBrokenImport, pos, "package %s can't be read; go vet says why", path)
		return nil
	}
	return p.types
}

// unknownImport reports a package name that a file doesn't import, once, and not if that was told for
// Go code with the same name, or is the consequence of an import that can't be read.
func (m *modeler) unknownImport(f *ast.File, name string, names []string, pos token.Pos) {
	if slices.ContainsFunc(f.Imports, m.brokenImportSpec) || m.told[toldKey("compile", "undefined: "+name)] ||
		!m.first("import name", m.fset.File(f.FileStart).Name(), name) {
		return
	}
	advice := `add import _ "…/` + name + `" to it`
	c, meant := Closest(name, names)
	if meant {
		advice = "did you mean " + c + "?"
	}
	d := m.report(CodeUnknownImport, pos, "this file imports no package %q; %s", name, advice)
	if meant {
		d.replace(pos, name, c)
	}
}

// imported returns the model of the package that a reference names.
func (m *modeler) imported(f *ast.File, ref reference, pos token.Pos) *modeler {
	pkg := m.importedPackage(f, ref.pkg, pos)
	if pkg == nil {
		return nil
	}
	return m.universe.model(pkg)
}

// usableAction reports an action of an imported package that can't be used from here.
func (m *modeler) usableAction(a *actionModel, from *modeler, ref reference, pos token.Pos) bool {
	var hidden []string
	for _, f := range []*function{a.do, a.undo} {
		if f == nil {
			continue
		}
		receiver := receiverName(f.decl)
		if !token.IsExported(f.name()) || receiver != "" && !token.IsExported(receiver) {
			hidden = append(hidden, "its "+f.verb+", "+qualifiedName(f)+",")
		}
	}
	if len(hidden) > 0 {
		rest := []string{"isn't exported; export it there", "aren't exported; export both there"}[len(hidden)-1]
		m.report(CodeNotExported, pos, "action %q can't be used from another package, as %s %s", ref.String(), strings.Join(hidden, " and "), rest)
		return false
	}
	if a.broken {
		return m.brokenImport(from, pos, "action "+printable(ref.String()))
	}
	return a.do.output == nil || m.checkSpelling(a.do.output, pos, "the output of action "+printable(ref.String()))
}

func qualifiedName(f *function) string {
	if receiver := receiverName(f.decl); receiver != "" {
		return receiver + "." + f.name()
	}
	return f.name()
}

// usableSaga reports a saga of an imported package that can't be used from here.
func (m *modeler) usableSaga(s *sagaModel, from *modeler, ref reference, pos token.Pos) bool {
	if name := s.spec.Name.Name; !token.IsExported(name) {
		m.report(CodeNotExported, pos, "saga %q can't be used from another package, as its parameter type, %s, isn't exported; export it there", ref.String(), name)
		return false
	}
	if s.outputUnknown || s.model.Params == nil {
		return m.brokenImport(from, pos, "saga "+printable(ref.String()))
	}
	return s.model.Output == nil || m.checkSpelling(s.model.Output, pos, "the output of saga "+printable(ref.String()))
}

// brokenImport reports what has mistakes in an imported package, unless these are reported
// in this run too.
func (m *modeler) brokenImport(from *modeler, pos token.Pos, what string) bool {
	if m.universe.asked[from.pkg.Path()] {
		m.withheld = true
	} else {
		m.report(CodeBrokenImport, pos, "%s can't be understood in its package; run sagagen %s", what, from.pkg.Path())
	}
	return false
}
