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

// Language returns the definition of the directives, which is this package's doc comment from its first
// heading on, as text for a terminal.
func Language() string {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", docFile, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		panic(err) // the file compiled
	}
	text := f.Doc.Text()
	text = text[strings.Index(text, "# Directives"):]
	var p comment.Parser
	return string((&comment.Printer{}).Text(p.Parse(text)))
}
