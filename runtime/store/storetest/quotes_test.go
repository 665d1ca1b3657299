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

// unquoted are sentences of the interface's documentation that no test can hold a store to.
var unquoted = map[string]string{
	"Store keeps the records and logs of sagas.":                            "an introduction",
	"An error is about any of them: who wants to know which asks for each.": "what other errors than the context's there are depends on the store; see package codec",
	"Watcher is implemented by stores that can tell at once that there is something to look for, so that a coordinator needn't wait for its next look.": "an introduction",
}

func TestSuiteQuotesEverySentenceOfTheInterfacesAndNothingElse(t *testing.T) {
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
	for _, group := range groups {
		for _, p := range group.promises {
			quoted = append(quoted, p.quotes...)
		}
	}
	for _, p := range slices.Concat(durablePromises, watchPromises) {
		quoted = append(quoted, p.quotes...)
	}
	for _, sentence := range sentences {
		if unquoted[sentence] == "" {
			assert.True(t, slices.Contains(quoted, sentence), "no test quotes: %s", sentence)
		}
	}

	source, err := os.ReadFile(path)
	require.NoError(t, err)
	text := strings.Join(split(strings.ReplaceAll(string(source), "//", " ")), " ")
	for _, quote := range quoted {
		assert.True(t, strings.Contains(text, quote), "quoted, but not in %s: %s", path, quote)
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
