package gen

import (
	"regexp"
	"strings"
)

// miss matches a comment that isn't a //saga: directive but is probably meant as one: with
// spaces, capitals, another colon, or in a /* comment */, or as other tools want theirs. A comment that begins with a
// tab is an example in a doc comment.
var miss = regexp.MustCompile(`^(///?|/\*)( *)[+@]?(?:go:)?(?i:sagas?|sagagen) ?([:.-]?) *([A-Za-z]*)((?:[ \t].*)?)$`)

// misspelt matches a directive of another tool that has our directives' names.
var misspelt = regexp.MustCompile(`^//([A-Za-z]{3,5}):(` + strings.Join(verbs, "|") + `)((?:[ \t].*)?)$`)

// nearMiss returns the directive that a comment is meant as, or nothing if that can't be said.
// It reports false for prose, and for what is a directive.
func nearMiss(comment string) (meant string, ok bool) {
	if _, _, is := parseDirective(comment); is {
		return "", false
	}
	text := firstLine(comment)
	exact := strings.HasPrefix(text, "//saga:")
	if strings.HasPrefix(text, "/*") {
		text = strings.TrimRight(strings.TrimSuffix(text, "*/"), " \t")
	}
	if m := misspelt.FindStringSubmatch(text); m != nil && distance(strings.ToLower(m[1]), "saga") == 1 {
		return "//saga:" + m[2] + strings.TrimRight(m[3], " \t"), true
	}
	m := miss.FindStringSubmatch(text)
	if m == nil {
		return "", exact
	}
	slashes, space, colon, args := m[1], m[2], m[3], m[5]
	verb := strings.ToLower(m[4])
	if _, known := forms[verb]; !known && slashes == "//" && space == "" && colon == ":" {
		verb, _ = Closest(verb, verbs) // misspelt besides
	}
	if _, known := forms[verb]; !known {
		return "", exact
	}
	if colon != ":" && space != "" {
		return "", false // prose, as "// saga node x is …"
	}
	return "//saga:" + verb + strings.TrimRight(args, " \t"), true
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimRight(line, "\r")
}
