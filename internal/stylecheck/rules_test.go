package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckFile(t *testing.T) {
	words, err := parseWords("frobnicates?\tmanipulate\n")
	require.NoError(t, err)
	long := strings.Repeat("word ", 16) // 80 columns
	for text, want := range map[string][]string{
		"// " + long[:77] + "\n":                     nil,
		"\t// " + long[:77] + "\n":                   {"x.go:1: the comment has 84 columns; wrap it at 80"},
		"x := 1\n// " + long + "\n":                  {"x.go:2: the comment has 83 columns; wrap it at 80"},
		"// " + strings.Repeat("x", 90) + "\n":       nil, // nothing to break, as a URL
		"// Output: " + long + "\n// " + long + "\n": nil,
		"// Output: x\n}\n// " + long + "\n":         {"x.go:3: the comment has 83 columns; wrap it at 80"},
		"//go:generate " + long + "\n":               nil,
		"// want `" + long + "`\n":                   nil,
		"x := " + long + "\n":                        nil, // gofmt's
		"func frobnicateAll() {}\n":                  {`x.go:1: "frobnicate" is not a term that we use; write manipulate`},
		"// It Frobnicates.\n":                       {`x.go:1: "Frobnicates" is not a term that we use; write manipulate`},
	} {
		assert.Equal(t, want, checkFile("x.go", text, words), text)
	}
}

func TestCheckPackages(t *testing.T) {
	var names []string
	for i := range maxFiles + 1 {
		names = append(names, fmt.Sprintf("gen/f%d.go", i), fmt.Sprintf("small/f%d_test.go", i), fmt.Sprintf("runtime/f%d.go", i))
	}
	assert.Equal(t, []string{"gen: the package has 21 files; split it, at most 20"}, checkPackages(names))
}

func TestWordListIsReadable(t *testing.T) {
	words, err := parseWords(wordList)
	require.NoError(t, err)
	assert.NotEmpty(t, words)
	for _, bad := range []string{"no tab\n", "(\tx\n"} {
		_, err := parseWords(bad)
		assert.Error(t, err, bad)
	}
}
