package directive

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/naming"
)

// Argument is a word, key=value, or key="quoted value".
type Argument struct {
	Text        string // as in the source
	key, value  string // a word has an empty key
	Offset      int
	valueOffset int
	quoted      bool
}

// tokenize splits the text after the verb at unquoted white space. offset is
// the position of s in the comment.
func (p *parser) tokenize(s string, offset int) []Argument {
	var args []Argument
	for i := 0; ; {
		i += len(s[i:]) - len(strings.TrimLeftFunc(s[i:], unicode.IsSpace))
		if i == len(s) {
			return args
		}
		if strings.HasPrefix(s[i:], "//") || strings.HasPrefix(s[i:], "# ") {
			p.mistake(diag.CodeTrailingRemark, offset+i, "a directive can't be followed by a comment; move the comment to its own line")
			return args
		}
		a := Argument{Offset: offset + i, valueOffset: offset + i}
		end := i + wordLen(s[i:])
		if eq := strings.IndexByte(s[i:end], '='); eq > 0 {
			a.key, a.valueOffset = s[i:i+eq], offset+i+eq+1
			if rest := s[i+eq+1:]; strings.HasPrefix(rest, `"`) {
				quoted, err := strconv.QuotedPrefix(rest)
				if err != nil {
					p.mistake(diag.CodeQuoting, a.valueOffset, `the value of %s has no closing quote or an invalid escape; write a Go string in double quotes`, keyText(a.key))
					return args
				}
				end = i + eq + 1 + len(quoted)
				if more := wordLen(s[end:]); more > 0 {
					p.mistake(diag.CodeQuoting, offset+end, "unexpected text %s after a quoted value; separate them with a space, or move the text inside the quotes", naming.Printable(s[end:end+more]))
					end += more
				}
				a.value, _ = strconv.Unquote(quoted)
				a.quoted = true
			} else {
				a.value = s[i+eq+1 : end]
			}
		} else {
			a.value = s[i:end]
		}
		a.Text = s[i:end]
		args = append(args, a)
		i = end
	}
}

func wordLen(s string) int {
	if n := strings.IndexFunc(s, unicode.IsSpace); n >= 0 {
		return n
	}
	return len(s)
}

// keyText returns a key and its equals sign for a message. It quotes them if
// the key isn't a valid name.
func keyText(key string) string {
	if validName(key) == nil {
		return key + "="
	}
	return naming.Printable(key + "=")
}
