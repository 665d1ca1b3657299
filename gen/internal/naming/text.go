package naming

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Enumerate joins names, as in "a, b and c". It shortens a long list to its
// first names and the number of the others.
func Enumerate(names []string, conjunction string) string {
	const most = 8
	if len(names) > most {
		rest := strconv.Itoa(len(names)-most+1) + " more"
		names = append(slices.Clone(names[:most-1]), rest)
	}
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + conjunction + " " + names[last]
}

// Quoted returns the names, each in double quotes.
func Quoted(names []string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strconv.Quote(n)
	}
	return list
}

// Printable quotes a text from the sources for a message. It escapes characters
// that don't print, and shortens a long text.
func Printable(s string) string {
	const most = 64
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.Quote(s[:cut]) + "…"
	}
	return strconv.Quote(s)
}

// JoinLines returns a message of another program in one line.
func JoinLines(s string) string { return strings.Join(strings.Fields(s), " ") }
