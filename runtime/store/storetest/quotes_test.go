package storetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unquoted are the sentences of the interfaces' documentation that no test can
// check, with the reason.
var unquoted = map[string]string{
	"Store keeps the records and the event logs of sagas.": "an introduction",
	"Logs returns an error if it can't read one of them.": "which errors there are depends on the store; " +
		"see package codec",
	"To find out which, the caller calls Events for each ID.": "advice to the caller",
}

func TestSuiteQuotesEverySentenceOfTheSpecification(t *testing.T) {
	const path = "../store.go"
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	require.NoError(t, err)
	var sentences []string
	for _, decl := range file.Decls {
		decl, ok := decl.(*ast.GenDecl)
		if !ok || decl.Tok != token.TYPE {
			continue
		}
		methods, ok := decl.Specs[0].(*ast.TypeSpec).Type.(*ast.InterfaceType)
		if !ok {
			continue
		}
		sentences = append(sentences, split(decl.Doc.Text())...)
		for _, method := range methods.Methods.List {
			sentences = append(sentences, split(method.Doc.Text())...)
		}
	}
	require.Greater(t, len(sentences), 20)

	var quoted []string
	for _, g := range append(groups, group{"Watch", slices.Concat(watchPromises, noWatchPromises)}) {
		for _, p := range g.promises {
			quoted = append(quoted, p.quotes...)
		}
	}
	for _, sentence := range sentences {
		if unquoted[sentence] == "" {
			assert.True(t, slices.Contains(quoted, sentence), "no promise quotes the sentence: %s", sentence)
		}
	}

	var sources string
	for _, path := range []string{path, "../../record.go"} { // Record and Query
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		sources += string(source)
	}
	text := strings.Join(split(strings.ReplaceAll(sources, "//", " ")), " ")
	for _, quote := range quoted {
		assert.True(t, strings.Contains(text, quote), "the documentation doesn't contain the quote: %s", quote)
	}
}

var sentenceEnd = regexp.MustCompile(`\. `)

// split returns the sentences of a text, with single spaces between words.
func split(text string) []string {
	text = strings.Join(strings.Fields(text), " ")
	var sentences []string
	for _, s := range sentenceEnd.Split(text, -1) {
		sentences = append(sentences, strings.TrimSuffix(s, ".")+".")
	}
	return sentences
}
