package gen

import (
	_ "embed"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"strings"
)

//go:embed doc.go
var docFile []byte

// Language returns the specification of the directives as text for a terminal:
// the doc comment of this package from its first heading on.
func Language() string {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", docFile, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		panic(err) // the file is part of this package, which compiled
	}
	text := f.Doc.Text()
	text = text[strings.Index(text, "# Directives"):]
	var p comment.Parser
	return string((&comment.Printer{}).Text(p.Parse(text)))
}
