package directive

import (
	"regexp"
	"strings"

	"github.com/sagagen/sagagen/internal/spelling"
)

// miss matches a comment that isn't a //saga: directive but is probably meant as one: with
// spaces, capitals, another colon, or in a /* comment */, or as other tools want theirs. A comment that begins with a
// tab is an example in a doc comment.
var miss = regexp.MustCompile(`^(///?|/\*)( *)[+@]?(?:go:)?(?i:sagas?|sagagen) ?([:.-]?) *([A-Za-z]*)((?:[ \t].*)?)$`)

// misspelt matches a directive of another tool that has our directives' names.
var misspelt = regexp.MustCompile(`^//([A-Za-z]{3,5}):(` + strings.Join(Verbs, "|") + `)((?:[ \t].*)?)$`)

// NearMiss returns the directive that a comment is meant as, or nothing if that can't be said.
// It reports false for prose, and for what is a directive.
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
