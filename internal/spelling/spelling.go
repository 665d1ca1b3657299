// Package spelling compares names: which of them match, and which is probably a
// misspelling of which.
package spelling

import (
	"strings"
	"unicode"
)

// Fold returns the letters and digits of a name in lower case. Names are
// compared in this form, so the parameter instanceID matches the node
// instance_id.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Alike reports whether two names have the same letters and digits, ignoring
// case.
func Alike(a, b string) bool { return Fold(a) == Fold(b) }

// Closest returns the candidate that name is probably a misspelling of. It
// returns false if there is none.
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

// Distance returns the number of edits that turn a into b: to insert, drop or
// replace a letter, or to swap two neighbours.
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
