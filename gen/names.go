package gen

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// fold reduces a name to what counts when names are compared: its letters and digits,
// in lower case. So a parameter instanceID is the namesake of a node instance_id.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// alike reports whether two names are the same when they are compared.
func alike(a, b string) bool { return fold(a) == fold(b) }

// Closest returns the candidate that name is probably a misspelling of.
func Closest(name string, candidates []string) (string, bool) {
	best, least := "", 3
	for _, c := range candidates {
		if alike(name, c) {
			return c, true
		}
		d := distance(fold(name), fold(c))
		if d < least && d*2 < max(len(name), len(c)) {
			best, least = c, d
		}
	}
	return best, best != ""
}

// distance is the least number of letters to insert, drop or replace, or of neighbours to
// swap, that makes b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before := make([]int, len(y)+1)
	previous := make([]int, len(y)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(previous[j]+cost, previous[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, previous = previous, row
	}
	return previous[len(y)]
}

// enumerate lists names as in "a, b and c", the first few of them.
func enumerate(names []string, conjunction string) string {
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

// quoted returns the names in quotes.
func quoted(names []string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strconv.Quote(n)
	}
	return list
}
