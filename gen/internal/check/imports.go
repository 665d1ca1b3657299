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

// checkerOf returns the checker of an imported package, after it has built the
// model. The types come from export data, so only directives and annotated
// declarations are parsed. The diagnostics are dropped; see
// reportBrokenPackage.
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

// importedPackage returns the package that a file imports under a name. A blank
// import counts under the package's own name, but a non-blank one takes
// precedence. If there is none, importedPackage reports that and returns nil.
func (c *checker) importedPackage(f *ast.File, name string, pos token.Pos) *types.Package {
	var names []string
	var blank []*ast.ImportSpec // blank imports of packages with that name
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
	c.Report(diag.CodeUnknownImport, pos,
		"this file imports two packages named %s for their directives, %s and %s; import one of them under another name, and use that name",
		name, blank[0].Path.Value, blank[1].Path.Value)
	return nil
}

// importedBy returns the package that an import names. If it can't be loaded,
// importedBy reports that and returns nil.
func (c *checker) importedBy(spec *ast.ImportSpec, pos token.Pos) *types.Package {
	if c.brokenImportSpec(spec) {
		return nil
	}
	path, _ := strconv.Unquote(spec.Path.Value) // importedPackage has unquoted it before
	p := c.run.ByPath[path]
	if p == nil || p.Types == nil || !p.Types.Complete() {
		c.Report(diag.CodeBrokenImport, pos, "package %s can't be loaded; run go vet for the reason", path)
		return nil
	}
	return p.Types
}

// reportUnknownImport reports a package name that a file doesn't import, once
// for each file. It doesn't report it if the compiler's error for the same name
// was reported, or if an import of the file can't be loaded and may have that
// name.
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

// importedChecker returns the checker of the package that a reference names. If
// there is no such package, it reports that and returns nil.
func (c *checker) importedChecker(f *ast.File, ref directive.Reference, pos token.Pos) *checker {
	pkg := c.importedPackage(f, ref.Pkg, pos)
	if pkg == nil {
		return nil
	}
	return c.run.checkerOf(pkg)
}

// checkImportedAction reports whether an action of an imported package can be
// used in this package. If not, it reports why.
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
		c.Report(diag.CodeNotExported, pos, "action %q can't be used from another package because %s %s",
			ref.String(), strings.Join(hidden, " and "), rest)
		return false
	}
	if a.broken {
		return c.reportBrokenPackage(from, pos, "action "+naming.Printable(ref.String()))
	}
	return a.do.output == nil ||
		c.checkNameable(a.do.output, pos, "the output of action "+naming.Printable(ref.String()))
}

// qualifiedName returns the name of a function, or that of a method with its
// receiver type.
func qualifiedName(f *function) string {
	if receiver := annotation.ReceiverName(f.Decl); receiver != "" {
		return receiver + "." + f.name()
	}
	return f.name()
}

// checkImportedSaga reports whether a saga of an imported package can be used
// in this package. If not, it reports why.
func (c *checker) checkImportedSaga(s *sagaModel, from *checker, ref directive.Reference, pos token.Pos) bool {
	if name := s.Spec.Name.Name; !token.IsExported(name) {
		c.Report(diag.CodeNotExported, pos,
			"saga %q can't be used from another package because its parameter type %s is not exported; export it",
			ref.String(), name)
		return false
	}
	if s.outputUnknown || s.model.Params == nil {
		return c.reportBrokenPackage(from, pos, "saga "+naming.Printable(ref.String()))
	}
	return s.model.Output == nil ||
		c.checkNameable(s.model.Output, pos, "the output of saga "+naming.Printable(ref.String()))
}

// reportBrokenPackage reports that the subject can't be used because of
// mistakes in its package. If the same run checks that package, its own
// diagnostics say why, so the checker is only marked as withheld.
// reportBrokenPackage returns false.
func (c *checker) reportBrokenPackage(from *checker, pos token.Pos, subject string) bool {
	if c.run.Checked[from.Pkg.Path()] {
		c.withheld = true
	} else {
		c.Report(diag.CodeBrokenImport, pos, "%s can't be used because its package has errors; run sagagen %s",
			subject, from.Pkg.Path())
	}
	return false
}
