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
	byPath map[string]*packages.Package
	// asked are the packages whose mistakes are reported in this run.
	asked map[string]bool
	// models are those of imported packages, read when first needed.
	models map[string]*modeler
}

func newUniverse(fset *token.FileSet, roots []*loaded) *universe {
	u := &universe{fset: fset, byPath: map[string]*packages.Package{}, asked: map[string]bool{}, models: map[string]*modeler{}}
	var add func(p *packages.Package)
	add = func(p *packages.Package) {
		if u.byPath[p.PkgPath] != nil {
			return
		}
		u.byPath[p.PkgPath] = p
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	for _, r := range roots {
		u.asked[r.PkgPath] = true
		add(r.Package)
	}
	return u
}

// model returns the model of an imported package. Its types come from export data, which
// is there already; of its files only the comments and the declarations are read.
func (u *universe) model(pkg *types.Package) *modeler {
	if m := u.models[pkg.Path()]; m != nil {
		return m
	}
	r := newReporter(u.fset, pkg)
	var files []*ast.File
	for _, name := range u.byPath[pkg.Path()].GoFiles {
		src, err := os.ReadFile(name)
		if err != nil || isOwnOutput(name, src) {
			continue
		}
		f, _ := parser.ParseFile(u.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if f != nil {
			files = append(files, f)
		}
	}
	m := newModeler(r, parseSource(r, files), u)
	u.models[pkg.Path()] = m
	m.model()
	return m
}

// importedPackage returns the package that a file imports under a name; a blank import
// counts by the package's own name. It reports it if there is none.
func (m *modeler) importedPackage(f *ast.File, name string, pos token.Pos) *types.Package {
	var names []string
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
		case p != nil && p.Types != nil:
			local = p.Types.Name()
		}
		names = append(names, local)
		if local != name {
			continue
		}
		if m.brokenImportSpec(spec) {
			return nil
		}
		if p == nil || p.Types == nil || !p.Types.Complete() {
			m.report(CodeBrokenImport, pos, "package %s can't be read; go vet says why", path)
			return nil
		}
		return p.Types
	}
	m.unknownImport(f, name, names, pos)
	return nil
}

// unknownImport reports a package name that a file doesn't import, once, and not if that was told for
// Go code with the same name, or is the consequence of an import that can't be read.
func (m *modeler) unknownImport(f *ast.File, name string, names []string, pos token.Pos) {
	if slices.ContainsFunc(f.Imports, m.brokenImportSpec) || m.told[toldKey("compile", "undefined: "+name)] ||
		!m.first("import name", m.fset.File(f.FileStart).Name(), name) {
		return
	}
	advice := `add import _ "…/` + name + `" to it`
	if c, ok := closest(name, names); ok {
		advice = "did you mean " + c + "?"
	}
	m.report(CodeUnknownImport, pos, "this file imports no package %q; %s", name, advice)
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
