package annotation

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// unclaimed reports the directives of a file that are not in the doc comment of
// a function or a type.
func (p *collector) unclaimed(f *ast.File) {
	for _, group := range f.Comments {
		reported := map[string]bool{}
		for _, c := range group.List {
			if p.claimed[c] {
				continue
			}
			d, _, ok := directive.Parse(c.Text)
			if !ok {
				if miss, ok := p.comment(c); ok {
					p.Drop(miss.Directive)
				}
				continue
			}
			p.Drop(d)
			code, why := p.place(f, group, d)
			if !reported[why] {
				reported[why] = true
				p.Report(code, c.Slash, "//saga:%s %s", d.Verb, why)
			}
		}
	}
}

// place returns the code and the message for a directive outside the doc
// comments of functions and types, depending on where it is.
func (p *collector) place(f *ast.File, group *ast.CommentGroup, d directive.Directive) (diag.Code, string) {
	on := "a type"
	if directive.Specs[d.Verb].OnFunc {
		on = "a function or a method"
	}
	wrong := func(what string) (diag.Code, string) {
		return diag.CodeWrongDeclaration, fmt.Sprintf("is on %s, but it belongs on %s; move it", what, on)
	}
	if group == f.Doc || group.Pos() < f.Package {
		return wrong("the package clause")
	}
	for _, decl := range f.Decls {
		if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok != token.TYPE {
			if decl.Doc == group {
				return wrong(declared[decl.Tok])
			}
			for _, spec := range decl.Specs {
				if doc, comment := specComments(spec); doc == group || comment == group {
					return wrong(declared[decl.Tok])
				}
			}
		}
		if decl.Pos() > group.Pos() || decl.End() < group.Pos() {
			continue
		}
		return p.placeInside(decl, group, wrong)
	}
	return diag.CodeDetached, p.detached(f, group)
}

// declared describes the declarations that begin with a token.
var declared = map[token.Token]string{
	token.CONST:  "a constant",
	token.VAR:    "a variable",
	token.IMPORT: "an import",
}

func specComments(spec ast.Spec) (doc, comment *ast.CommentGroup) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		return spec.Doc, spec.Comment
	case *ast.ImportSpec:
		return spec.Doc, spec.Comment
	case *ast.TypeSpec:
		return spec.Doc, spec.Comment
	}
	return nil, nil
}

// placeInside is place for a directive inside a declaration.
func (p *collector) placeInside(decl ast.Decl, group *ast.CommentGroup, wrong func(string) (diag.Code, string)) (diag.Code, string) {
	part := ""
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			if describesOne(group, n.Fields) {
				part = "a field"
			}
		case *ast.InterfaceType:
			if describesOne(group, n.Methods) {
				part = "an interface method, which has no body"
			}
		}
		return part == ""
	})
	if part != "" {
		return wrong(part)
	}
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return diag.CodeDetached, fmt.Sprintf("is inside %s, where directives have no effect; move it directly above a top-level declaration", decl.Name.Name)
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			if _, comment := specComments(spec); comment == group {
				return diag.CodeDetached, "is at the end of a declaration; move it to its own line directly above the declaration"
			}
		}
	}
	return diag.CodeDetached, "is inside a declaration; move it directly above the declaration that it describes"
}

// describesOne reports whether a comment belongs to one of the fields.
func describesOne(group *ast.CommentGroup, fields *ast.FieldList) bool {
	return slices.ContainsFunc(fields.List, func(f *ast.Field) bool { return f.Doc == group || f.Comment == group })
}

// detached returns the message for a directive between declarations. It names
// the declaration that the directive is probably meant for.
func (p *collector) detached(f *ast.File, group *ast.CommentGroup) string {
	line := p.Fset.Position(group.Pos()).Line
	for _, decl := range f.Decls {
		if p.Fset.Position(decl.End()).Line == line {
			return "is at the end of a declaration; move it to its own line directly above the declaration"
		}
		if decl.Pos() > group.End() {
			return fmt.Sprintf("is not directly above a declaration; remove the blank line before %s, or move the directive", declarationName(decl))
		}
	}
	return "is not followed by a declaration; move it directly above the declaration that it describes"
}

func declarationName(decl ast.Decl) string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return "func " + decl.Name.Name
	case *ast.GenDecl:
		if len(decl.Specs) > 0 {
			switch spec := decl.Specs[0].(type) {
			case *ast.TypeSpec:
				return "type " + spec.Name.Name
			case *ast.ValueSpec:
				return decl.Tok.String() + " " + spec.Names[0].Name
			}
		}
	}
	return "the next declaration"
}

// ReportTestFile reports the directives in a test file, one for each comment
// group.
func ReportTestFile(r *report.Reporter, f *ast.File) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if d, _, ok := directive.Parse(c.Text); ok {
				r.Report(diag.CodeTestFile, c.Slash, "//saga:%s is in a test file, which the generated code can't use; move the declaration to a non-test file", d.Verb)
				break
			}
		}
	}
}
