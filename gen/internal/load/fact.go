package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
	"golang.org/x/tools/txtar"
)

// factOf returns what importers of a package need to know of its directives: a
// txtar archive of Go files with the imports, the heads of annotated
// declarations, and the directives that belong to no declaration. It is empty if
// the package has no directives. First is the first directive.
func factOf(fset *token.FileSet, files []*ast.File) (fact string, first token.Pos) {
	var archive txtar.Archive
	for _, f := range files {
		w := factWriter{written: map[*ast.CommentGroup]bool{}}
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				w.writeFunc(fset, decl)
			case *ast.GenDecl:
				if decl.Tok == token.TYPE {
					w.writeTypes(decl)
				}
			}
		}
		for _, group := range f.Comments {
			if !w.written[group] {
				w.write(w.directives(group), "\n") // belongs to no declaration
			}
		}
		if w.text.Len() == 0 {
			continue
		}
		if !first.IsValid() {
			first = w.first
		}
		archive.Files = append(archive.Files, txtar.File{
			Name: filepath.Base(fset.File(f.FileStart).Name()), Data: []byte(fileHeader(f) + w.text.String()),
		})
	}
	return string(txtar.Format(&archive)), first
}

// parseFact parses the files of a fact.
func parseFact(fset *token.FileSet, fact string) []*ast.File {
	var files []*ast.File
	for _, part := range txtar.Parse([]byte(fact)).Files {
		f, err := parser.ParseFile(fset, part.Name, part.Data, parser.ParseComments|parser.SkipObjectResolution)
		if err == nil {
			files = append(files, f)
		}
	}
	return files
}

// head is the package clause and the imports.
func fileHeader(f *ast.File) string {
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

// factWriter writes the part of a fact that is about one file.
type factWriter struct {
	text  strings.Builder
	first token.Pos
	written map[*ast.CommentGroup]bool
}

// directives returns the comments of a group that are directives or meant as such, a line each.
func (w *factWriter) directives(group *ast.CommentGroup) string {
	if group == nil {
		return ""
	}
	w.written[group] = true
	text := ""
	for _, c := range group.List {
		_, _, isDirective := directive.Parse(c.Text)
		if !isDirective {
			_, isDirective = directive.NearMiss(c.Text)
		}
		if !isDirective {
			continue
		}
		text += c.Text + "\n"
		if !w.first.IsValid() || c.Slash < w.first {
			w.first = c.Slash
		}
	}
	return text
}

// write adds directives and what they describe, if there are any.
func (w *factWriter) write(directives, described string) {
	if directives != "" {
		w.text.WriteString("\n" + directives + described + "\n")
	}
}

func (w *factWriter) writeFunc(fset *token.FileSet, decl *ast.FuncDecl) {
	if directives := w.directives(decl.Doc); directives != "" {
		w.write(directives, typeutil.SourceText(fset, &ast.FuncDecl{Recv: decl.Recv, Name: decl.Name, Type: decl.Type}))
	}
}

func (w *factWriter) writeTypes(decl *ast.GenDecl) {
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
		w.write(w.directives(doc), text+" struct{}")
	}
}
