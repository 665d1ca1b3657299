package directive

import (
	"regexp"
	"strings"

	"github.com/sagagen/sagagen/internal/spelling"
)

// miss matches a comment that isn't a //saga: directive but is probably meant
// as one: with spaces, capitals or another separator, in a /* comment */, or in
// the form of other tools' directives. A comment that begins with a tab is an
// example.
var miss = regexp.MustCompile(`^(///?|/\*)( *)[+@]?(?:go:)?(?i:sagas?|sagagen) ?([:.-]?) *([A-Za-z]*)((?:[ \t].*)?)$`)

// misspelt matches //word:verb, where verb is one of our directives.
var misspelt = regexp.MustCompile(`^//([A-Za-z]{3,5}):(` + strings.Join(Verbs, "|") + `)((?:[ \t].*)?)$`)

// NearMiss reports whether a comment is almost a directive. It returns the
// directive that is probably meant, or an empty string if that isn't clear.
func NearMiss(comment string) (meant string, ok bool) {
	if _, _, is := Parse(comment); is {
		return "", false
	}
	text := FirstLine(comment)
	exact := strings.HasPrefix(text, "//saga:")
	if strings.HasPrefix(text, "/*") {
		text = strings.TrimRight(strings.TrimSuffix(text, "*/"), " \t")
	}
	if m := misspelt.FindStringSubmatch(text); m != nil && spelling.Distance(strings.ToLower(m[1]), "saga") == 1 {
		return "//saga:" + m[2] + strings.TrimRight(m[3], " \t"), true
	}
	m := miss.FindStringSubmatch(text)
	if m == nil {
		return "", exact
	}
	slashes, space, colon, args := m[1], m[2], m[3], m[5]
	verb := strings.ToLower(m[4])
	if _, known := Specs[verb]; !known && slashes == "//" && space == "" && colon == ":" {
		verb, _ = spelling.Closest(verb, Verbs) // misspelt besides
	}
	if _, known := Specs[verb]; !known {
		return "", exact
	}
	if colon != ":" && space != "" {
		return "", false // prose, as "// saga node x is …"
	}
	return "//saga:" + verb + strings.TrimRight(args, " \t"), true
}

func FirstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimRight(line, "\r")
}
