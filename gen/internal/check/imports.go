package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/sagagen/sagagen/internal/spelling"
)

// model returns the model of an imported package. Its types come from export data, which
// is there already; of its files only the comments and the declarations are read.
func (run *Run) checkerOf(pkg *types.Package) *checker {
	if c := run.imported[pkg.Path()]; c != nil {
		return c
	}
	r := report.New(run.Fset, pkg)
	c := newChecker(r, annotation.Collect(r, run.ByPath[pkg.Path()].Sources(run.Fset)), run)
	run.imported[pkg.Path()] = c
	c.build()
	return c
}

// importedPackage returns the package that a file imports under a name; a blank import
// counts by the package's own name. It reports it if there is none.
func (c *checker) importedPackage(f *ast.File, name string, pos token.Pos) *types.Package {
	var names []string
	var blank []*ast.ImportSpec // of that name; one that the file's code can use goes before them
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		local := ""
		p := c.run.ByPath[path]
		switch {
		case spec.Name != nil && spec.Name.Name == ".":
			continue
		case spec.Name != nil && spec.Name.Name != "_":
			local = spec.Name.Name
		case p != nil && p.Types != nil:
			local = p.Types.Name()
		}
		names = append(names, local)
		switch {
		case local != name:
		case spec.Name != nil && spec.Name.Name == "_":
			blank = append(blank, spec)
		default:
			return c.importedBy(spec, pos)
		}
	}
	switch len(blank) {
	case 0:
		c.reportUnknownImport(f, name, names, pos)
		return nil
	case 1:
		return c.importedBy(blank[0], pos)
	}
	c.Report(diag.CodeUnknownImport, pos, "this file imports two packages named %s for their directives, %s and %s; import one of them under another name, and use that name", name, blank[0].Path.Value, blank[1].Path.Value)
	return nil
}

// packageOf returns the package that is imported, or reports that it can't be read.
func (c *checker) importedBy(spec *ast.ImportSpec, pos token.Pos) *types.Package {
	if c.brokenImportSpec(spec) {
		return nil
	}
	path, _ := strconv.Unquote(spec.Path.Value) // whoever asks has done so
	p := c.run.ByPath[path]
	if p == nil || p.Types == nil || !p.Types.Complete() {
		c.Report(diag.CodeBrokenImport, pos, "package %s can't be loaded; run go vet for the reason", path)
		return nil
	}
	return p.Types
}

// unknownImport reports a package name that a file doesn't import, once, and not if that was told for
// Go code with the same name, or is the consequence of an import that can't be read.
func (c *checker) reportUnknownImport(f *ast.File, name string, names []string, pos token.Pos) {
	if slices.ContainsFunc(f.Imports, c.brokenImportSpec) || c.reported[reportedKey("compile", "undefined: "+name)] ||
		!c.firstReport("import name", c.Fset.File(f.FileStart).Name(), name) {
		return
	}
	advice := `add import _ "…/` + name + `" to it`
	closest, found := spelling.Closest(name, names)
	if found {
		advice = "did you mean " + closest + "?"
	}
	d := c.Report(diag.CodeUnknownImport, pos, "this file doesn't import package %q; %s", name, advice)
	if found {
		d.Replace(pos, name, closest)
	}
}

// imported returns the model of the package that a reference names.
func (c *checker) importedChecker(f *ast.File, ref directive.Reference, pos token.Pos) *checker {
	pkg := c.importedPackage(f, ref.Pkg, pos)
	if pkg == nil {
		return nil
	}
	return c.run.checkerOf(pkg)
}

// usableAction reports an action of an imported package that can't be used from here.
func (c *checker) checkImportedAction(a *actionModel, from *checker, ref directive.Reference, pos token.Pos) bool {
	var hidden []string
	for _, f := range []*function{a.do, a.undo} {
		if f == nil {
			continue
		}
		receiver := annotation.ReceiverName(f.Decl)
		if !token.IsExported(f.name()) || receiver != "" && !token.IsExported(receiver) {
			hidden = append(hidden, "its "+f.Verb+" function "+qualifiedName(f))
		}
	}
	if len(hidden) > 0 {
		rest := []string{"is not exported; export it", "are not exported; export both"}[len(hidden)-1]
		c.Report(diag.CodeNotExported, pos, "action %q can't be used from another package because %s %s", ref.String(), strings.Join(hidden, " and "), rest)
		return false
	}
	if a.broken {
		return c.reportBrokenPackage(from, pos, "action "+naming.Printable(ref.String()))
	}
	return a.do.output == nil || c.checkNameable(a.do.output, pos, "the output of action "+naming.Printable(ref.String()))
}

func qualifiedName(f *function) string {
	if receiver := annotation.ReceiverName(f.Decl); receiver != "" {
		return receiver + "." + f.name()
	}
	return f.name()
}

// usableSaga reports a saga of an imported package that can't be used from here.
func (c *checker) checkImportedSaga(s *sagaModel, from *checker, ref directive.Reference, pos token.Pos) bool {
	if name := s.Spec.Name.Name; !token.IsExported(name) {
		c.Report(diag.CodeNotExported, pos, "saga %q can't be used from another package because its parameter type %s is not exported; export it", ref.String(), name)
		return false
	}
	if s.outputUnknown || s.model.Params == nil {
		return c.reportBrokenPackage(from, pos, "saga "+naming.Printable(ref.String()))
	}
	return s.model.Output == nil || c.checkNameable(s.model.Output, pos, "the output of saga "+naming.Printable(ref.String()))
}

// brokenImport reports what has mistakes in an imported package, unless these are reported
// in this run too.
func (c *checker) reportBrokenPackage(from *checker, pos token.Pos, subject string) bool {
	if c.run.Checked[from.Pkg.Path()] {
		c.withheld = true
	} else {
		c.Report(diag.CodeBrokenImport, pos, "%s can't be used because its package has errors; run sagagen %s", subject, from.Pkg.Path())
	}
	return false
}
