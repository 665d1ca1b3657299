package check

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// brokenSignature returns true, and reports why, if the signature of a function
// or a type that it uses doesn't compile. Errors in the body are ignored: it
// may call functions that are about to be generated.
func (c *checker) brokenSignature(f *function) bool {
	if f.name() == "_" || f.name() == "init" && f.Decl.Recv == nil {
		c.Report(diag.CodeBrokenDeclaration, f.Decl.Name.Pos(), "func %s can't be called; rename it", f.name())
		return true
	}
	if f.object == nil {
		if !c.isImported() {
			c.Report(diag.CodeBrokenDeclaration, f.Decl.Name.Pos(),
				"the compiler doesn't recognize %s; run go vet for the reason", f.name())
		}
		return true
	}
	if e, ok := c.typeErrorIn(f.Decl.Type); ok {
		c.reportCompileError(e, "the signature of "+f.name())
		return true
	}
	sig := f.sig()
	broken := false
	check := func(v *types.Var, subject string) {
		if v == nil || c.app != nil && types.Identical(typeutil.Deref(v.Type()), typeutil.Deref(c.app)) {
			return // mistakes inside the application context don't matter
		}
		if c.brokenType(v.Type(), f.File, v.Pos(), subject) {
			broken = true
		}
	}
	check(sig.Recv(), "the receiver of "+f.name())
	for v := range sig.Params().Variables() {
		check(v, "the type of parameter "+naming.Printable(v.Name())+" of "+f.name())
	}
	for v := range sig.Results().Variables() {
		check(v, "the result type of "+f.name())
	}
	return broken
}

// brokenType returns true, and reports why, if a type that an annotated
// declaration uses doesn't compile.
func (c *checker) brokenType(t types.Type, file *ast.File, pos token.Pos, subject string) bool {
	finder := invalidTypeFinder{seen: map[types.Type]bool{}, pkg: c.Pkg}
	if !finder.visit(t) {
		return false
	}
	if c.isImported() {
		return true
	}
	for _, name := range finder.path {
		if spec := c.typeSpec(name); spec != nil {
			if e, ok := c.typeErrorIn(spec); ok {
				c.reportCompileError(e, "type "+name.Name()+", used by an annotated declaration,")
				return true
			}
		}
	}
	for _, spec := range file.Imports {
		if c.brokenImportSpec(spec) {
			return true
		}
	}
	c.Report(diag.CodeBrokenDeclaration, pos, "%s doesn't compile; run go vet for the reason", subject)
	return true
}

// reportCompileError reports an error of the type checker. It reports a message
// that repeats at several places once.
func (c *checker) reportCompileError(e types.Error, subject string) {
	if c.causedByImport(e) {
		return
	}
	if c.firstReport("compile", e.Msg) {
		c.Report(diag.CodeBrokenDeclaration, e.Pos, "%s doesn't compile: %s", subject, naming.JoinLines(e.Msg))
	}
}

// causedByImport returns true if an error is the consequence of an import that
// can't be loaded, and reports the import. The name of such a package is not
// known, so every use of it is an undefined name.
func (c *checker) causedByImport(e types.Error) bool {
	for _, f := range c.Files {
		if !strings.HasPrefix(e.Msg, "undefined: ") || !within(e.Pos, f) {
			continue
		}
		qualifier := false
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			qualifier = qualifier || ok && s.Pos() == e.Pos
			return true
		})
		return qualifier && slices.ContainsFunc(f.Imports, c.brokenImportSpec)
	}
	return false
}

// brokenImportSpec returns true, and reports why, if an import can't be loaded.
// It prefers the message of the go command to that of the type checker.
func (c *checker) brokenImportSpec(spec *ast.ImportSpec) bool {
	e, broken := c.typeErrorIn(spec)
	if !broken {
		return false
	}
	reason := e.Msg
	path, _ := strconv.Unquote(spec.Path.Value)
	if p := c.run.ByPath[path]; p != nil && p.LoadError != "" {
		reason = p.LoadError
	}
	if c.firstReport("import", path) {
		c.Report(diag.CodeBrokenDeclaration, e.Pos, "package %s, used by an annotated declaration, can't be loaded: %s",
			path, naming.JoinLines(reason))
	}
	return true
}

// brokenValue returns true, and reports why, if the declaration of a constant
// or a variable, or the signature of a function, doesn't compile. The object is
// the value of a constant node.
func (c *checker) brokenValue(obj types.Object) bool {
	for _, f := range c.Files {
		for _, decl := range f.Decls {
			if c.isImported() || !within(obj.Pos(), decl) {
				continue
			}
			part := ast.Node(decl)
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				part = decl.Type
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if within(obj.Pos(), spec) {
						part = spec
					}
				}
			}
			if e, ok := c.typeErrorIn(part); ok {
				c.reportCompileError(e, obj.Name()+", the value of a constant node,")
				return true
			}
		}
	}
	return false
}

// typeErrorIn returns the first error of the type checker inside a node,
// without soft errors and without continuation lines of other errors.
func (c *checker) typeErrorIn(n ast.Node) (types.Error, bool) {
	for _, e := range c.typeErrors {
		if within(e.Pos, n) && !strings.HasPrefix(e.Msg, "\t") && !e.Soft {
			return e, true
		}
	}
	return types.Error{}, false
}

// typeSpec returns the declaration of a type of this package; nil if there is
// none.
func (c *checker) typeSpec(name *types.TypeName) *ast.TypeSpec {
	for _, f := range c.Files {
		if !within(name.Pos(), f) {
			continue
		}
		for _, decl := range f.Decls {
			if decl, ok := decl.(*ast.GenDecl); ok && within(name.Pos(), decl) {
				for _, spec := range decl.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.Pos() == name.Pos() {
						return spec
					}
				}
			}
		}
	}
	return nil
}

// invalidTypeFinder looks for a type that the type checker couldn't determine.
type invalidTypeFinder struct {
	pkg  *types.Package
	seen map[types.Type]bool
	path []*types.TypeName // the declared types of pkg that contain it, innermost first
}

// visit reports whether t is or contains an invalid type.
func (f *invalidTypeFinder) visit(t types.Type) bool {
	if typeutil.IsInvalid(t) {
		return true
	}
	if f.seen[t] {
		return false
	}
	f.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		return f.visitDeclaration(t.Obj(), types.Unalias(t))
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			if f.visit(arg) {
				return true
			}
		}
		if generic := t.Origin(); generic != t { // its instances may contain ever more instances
			return f.visit(generic)
		}
		return f.visitDeclaration(t.Obj(), t.Underlying())
	case *types.Pointer:
		return f.visit(t.Elem())
	case *types.Slice:
		return f.visit(t.Elem())
	case *types.Array:
		return f.visit(t.Elem())
	case *types.Map:
		return f.visit(t.Key()) || f.visit(t.Elem())
	case *types.Struct:
		for field := range t.Fields() {
			if f.visit(field.Type()) {
				return true
			}
		}
	}
	return false
}

// visitDeclaration reports whether the declaration of a type contains an
// invalid type. Types of other packages have compiled, so it skips them.
func (f *invalidTypeFinder) visitDeclaration(obj *types.TypeName, underlying types.Type) bool {
	if obj.Pkg() != f.pkg {
		return false
	}
	if f.visit(underlying) {
		f.path = append(f.path, obj)
		return true
	}
	return false
}
