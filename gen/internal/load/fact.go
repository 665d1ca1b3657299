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

// factOf returns the fact of a package: what its importers need to know of its
// directives. A fact is a txtar archive of Go files. They contain the imports,
// the annotated declarations without bodies, and the directives that belong to
// no declaration. It is empty if the package has no directives. first is the
// position of the first directive.
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
				w.write(w.directives(group), "\n") // it belongs to no declaration
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

// parseFact parses the files of a fact. It skips files that can't be parsed.
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

// fileHeader returns the package clause and the imports of a file.
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

// factWriter writes the part of a fact for one file.
type factWriter struct {
	text    strings.Builder
	first   token.Pos                  // of the first directive
	written map[*ast.CommentGroup]bool // comments of declarations
}

// directives returns the comments of a group that are directives or are almost
// directives, one on each line. It marks the group as written.
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

// write writes directives and the declaration that they describe. It writes
// nothing if there are no directives.
func (w *factWriter) write(directives, described string) {
	if directives != "" {
		w.text.WriteString("\n" + directives + described + "\n")
	}
}

// writeFunc writes an annotated function without its body.
func (w *factWriter) writeFunc(fset *token.FileSet, decl *ast.FuncDecl) {
	if directives := w.directives(decl.Doc); directives != "" {
		signature := &ast.FuncDecl{Recv: decl.Recv, Name: decl.Name, Type: decl.Type}
		w.write(directives, typeutil.SourceText(fset, signature))
	}
}

// writeTypes writes the annotated types of a declaration. The fact has their
// names, and whether they are generic or aliases. The types themselves come
// from export data.
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
