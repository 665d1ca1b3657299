package spelling

import (
	"strings"
	"unicode"
)

// Fold reduces a name to what counts when names are compared: its letters and digits,
// in lower case. So a parameter instanceID is the namesake of a node instance_id.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Alike reports whether two names are the same when they are compared.
func Alike(a, b string) bool { return Fold(a) == Fold(b) }

// Closest returns the candidate that name is probably a misspelling of.
func Closest(name string, candidates []string) (string, bool) {
	best, least := "", 3
	for _, c := range candidates {
		if Alike(name, c) {
			return c, true
		}
		d := Distance(Fold(name), Fold(c))
		if d < least && d*2 < max(len(name), len(c)) {
			best, least = c, d
		}
	}
	return best, best != ""
}

// Distance is the least number of letters to insert, drop or replace, or of neighbours to
// swap, that makes b of a.
func Distance(a, b string) int {
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
