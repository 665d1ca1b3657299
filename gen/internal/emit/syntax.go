package emit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"
)

// commentWidth is the width of a line of a comment.
const commentWidth = 80

// doc starts a block with a doc comment. It wraps paragraphs, which are
// separated by empty lines, and keeps lines that begin with a tab.
//
// Characters that don't print, such as those that change the direction of
// writing, become U+FFFD, so that the text can neither end the comment nor look
// like something else.
func doc(text string) *jen.Statement {
	s := jen.Null()
	var paragraph []string
	flush := func() {
		line := "//"
		for _, word := range paragraph {
			if line != "//" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > commentWidth {
				s.Comment(line).Line()
				line = "//"
			}
			line += " " + word
		}
		if line != "//" {
			s.Comment(line).Line()
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Map(printing, line)
		if line != "" && line[0] != '\t' {
			paragraph = append(paragraph, strings.Fields(line)...)
			continue
		}
		flush()
		s.Comment("//" + line).Line()
	}
	flush()
	return s
}

// printing replaces a character that doesn't print.
func printing(r rune) rune {
	if r != '\t' && !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}

// lines returns a list with one item on each line, between open and close.
func lines(open, close string, items ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: open, Close: close, Separator: ",", Multi: true}, items...)
}

// declarations returns a declaration group with one item on each line.
func declarations(items ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "(", Close: ")", Multi: true}, items...)
}

// call returns a call with each of the last arguments on its own line. Without
// last arguments, it is on one line.
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

// field returns a key and its value in a composite literal.
func field(name string, value jen.Code) *jen.Statement {
	return jen.Id(name).Op(":").Add(value)
}

// shortBody returns a function body of one short statement, on one line.
func shortBody(statement jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "{", Close: "}"}, statement)
}
