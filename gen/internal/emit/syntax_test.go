package emit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/dave/jennifer/jen"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzTextStaysInItsComment(f *testing.F) {
	for _, text := range []string{"", "go:build ignore", "a\n*/ func init() {} /*", "\r\nvar x = 1", "\tx\n\n y", "line x.go:1", "\u202eevil\u2028var y = 2", "\xff\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := jen.NewFile("p")
		file.Add(doc(text).Var().Id("only").Int())
		var out = file.GoString()
		parsed, err := parser.ParseFile(token.NewFileSet(), "", out, parser.ParseComments)
		require.NoError(t, err, "%q", out)
		require.Len(t, parsed.Decls, 1, "%q", out)
		assert.Len(t, parsed.Decls[0].(*ast.GenDecl).Specs, 1)
		for _, group := range parsed.Comments {
			for _, c := range group.List {
				assert.NotRegexp(t, `^//[a-z]`, c.Text, "a directive")
				for _, r := range c.Text {
					assert.True(t, r == '\t' || strconv.IsPrint(r), "%q", c.Text)
				}
			}
		}
	})
}

func FuzzTextStaysInItsString(f *testing.F) {
	for _, text := range []string{"", "`", "`+x+`", `"`, "\\", "\r", "\u202e", "\xff", `{"a":string}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range []*jen.Statement{rawString(text), jen.Lit(text)} {
			out := s.GoString()
			got, err := strconv.Unquote(out)
			require.NoError(t, err, "%q", out)
			assert.Equal(t, text, got)
			for _, r := range out {
				assert.True(t, strconv.IsPrint(r), "%q", out)
			}
		}
	})
}

func TestDocWrapsParagraphsAndKeepsIndentedLines(t *testing.T) {
	long := strings.Repeat("word ", 20)
	file := jen.NewFile("p")
	file.Add(doc(long + "\n" + long + "\n\n\t" + long + "\nend").Var().Id("x").Int())
	line := "// " + strings.TrimSpace(strings.Repeat("word ", 15))
	assert.Equal(t, "package p\n\n"+line+"\n"+line+"\n// "+strings.TrimSpace(strings.Repeat("word ", 10))+
		"\n//\n//\t"+strings.TrimSpace(long)+"\n// end\nvar x int\n", file.GoString())
}
