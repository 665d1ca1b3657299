package emit

import (
	"strings"
	"unicode"

	"github.com/dave/jennifer/jen"
)

// doc starts a block with a doc comment. What isn't printable in the text, such as a character
// that changes the direction of writing, becomes U+FFFD: it can't end the comment, and no reader takes the line
// for anything else.
func doc(text string) *jen.Statement {
	s := jen.Null()
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Map(func(r rune) rune {
			if r != '\t' && !unicode.IsPrint(r) {
				return unicode.ReplacementChar
			}
			return r
		}, line)
		if line != "" && line[0] != '\t' {
			line = " " + line
		}
		s.Comment("//" + line).Line()
	}
	return s
}

// lines is a list with one item a line, as in open, the items, close.
func lines(open, close string, items ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: open, Close: close, Separator: ",", Multi: true}, items...)
}

// declarations is a declaration group with one item a line, as in const ( … ).
func declarations(items ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "(", Close: ")", Multi: true}, items...)
}

// call is a call with each of the last arguments on a line of its own, or if there are none
// on one line.
func call(f *jen.Statement, args []jen.Code, last ...jen.Code) *jen.Statement {
	if len(last) == 0 {
		return f.Call(args...)
	}
	f.Op("(").List(args...)
	if len(args) > 0 {
		f.Op(",")
	}
	return f.Add(lines("", ")", last...))
}

// field is a key and its value in a composite literal.
func field(name string, value jen.Code) *jen.Statement {
	return jen.Id(name).Op(":").Add(value)
}

// shortBody is the body of a function that consists of one short statement.
func shortBody(statement jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "{", Close: "}"}, statement)
}
