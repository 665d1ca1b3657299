package gen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// excerpt returns what a package that imports this one has to know of its directives, as sources with nothing else in them: the
// imports, the heads of annotated declarations, and the directives that describe nothing. First is the first directive.
func excerpt(fset *token.FileSet, files []*ast.File) (excerpts []SourceFile, first token.Pos) {
	for _, f := range files {
		e := excerpter{taken: map[*ast.CommentGroup]bool{}}
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				e.function(fset, decl)
			case *ast.GenDecl:
				if decl.Tok == token.TYPE {
					e.types(decl)
				}
			}
		}
		for _, group := range f.Comments {
			if !e.taken[group] {
				e.write(e.directives(group), "\n") // describes nothing
			}
		}
		if e.text.Len() == 0 {
			continue
		}
		if !first.IsValid() {
			first = e.first
		}
		excerpts = append(excerpts, SourceFile{Name: filepath.Base(fset.File(f.FileStart).Name()), Content: head(f) + e.text.String()})
	}
	return excerpts, first
}

// parseExcerpt parses what excerpt has returned.
func parseExcerpt(fset *token.FileSet, excerpts []SourceFile) []*ast.File {
	var files []*ast.File
	for _, e := range excerpts {
		f, err := parser.ParseFile(fset, e.Name, e.Content, parser.ParseComments|parser.SkipObjectResolution)
		if err == nil {
			files = append(files, f)
		}
	}
	return files
}

// head is the package clause and the imports.
func head(f *ast.File) string {
	text := "package " + f.Name.Name + "\n"
	for _, spec := range f.Imports {
		text += "\nimport "
		if spec.Name != nil {
			text += spec.Name.Name + " "
		}
		text += spec.Path.Value
	}
	return text + "\n"
}

// excerpter makes the excerpt of a file.
type excerpter struct {
	text  strings.Builder
	first token.Pos
	taken map[*ast.CommentGroup]bool
}

// directives returns the comments of a group that are directives or meant as such, a line each.
func (e *excerpter) directives(group *ast.CommentGroup) string {
	if group == nil {
		return ""
	}
	e.taken[group] = true
	text := ""
	for _, c := range group.List {
		_, _, is := parseDirective(c.Text)
		if !is {
			_, is = nearMiss(c.Text)
		}
		if !is {
			continue
		}
		text += c.Text + "\n"
		if !e.first.IsValid() || c.Slash < e.first {
			e.first = c.Slash
		}
	}
	return text
}

// write adds directives and what they describe, if there are any.
func (e *excerpter) write(directives, described string) {
	if directives != "" {
		e.text.WriteString("\n" + directives + described + "\n")
	}
}

func (e *excerpter) function(fset *token.FileSet, decl *ast.FuncDecl) {
	if directives := e.directives(decl.Doc); directives != "" {
		e.write(directives, sourceText(fset, &ast.FuncDecl{Recv: decl.Recv, Name: decl.Name, Type: decl.Type}))
	}
}

func (e *excerpter) types(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		spec := spec.(*ast.TypeSpec)
		doc := spec.Doc
		if !decl.Lparen.IsValid() {
			doc = decl.Doc
		}
		text := "type " + spec.Name.Name
		if spec.TypeParams != nil {
			text += "[T any]"
		}
		if spec.Assign.IsValid() {
			text += " ="
		}
		e.write(e.directives(doc), text+" struct{}")
	}
}
