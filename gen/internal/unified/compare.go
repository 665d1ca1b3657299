package unified

import (
	"bytes"
	"slices"
	"sort"
)

// compare returns the changes from a to b, in order. Changes don't touch each
// other.
//
// It first matches lines that occur exactly once in both texts, as many as keep
// their order, and then repeats this between each two of them (patience diff).
// A range without such lines is one change, apart from the equal lines at its
// ends.
func compare(a, b [][]byte) []change {
	var changes []change
	add := func(c change) {
		if c.a0 == c.a1 && c.b0 == c.b1 {
			return
		}
		if last := len(changes) - 1; last >= 0 && changes[last].a1 == c.a0 && changes[last].b1 == c.b0 {
			changes[last].a1, changes[last].b1 = c.a1, c.b1
			return
		}
		changes = append(changes, c)
	}
	var between func(c change)
	between = func(c change) {
		for c.a0 < c.a1 && c.b0 < c.b1 && bytes.Equal(a[c.a0], b[c.b0]) {
			c.a0, c.b0 = c.a0+1, c.b0+1
		}
		for c.a0 < c.a1 && c.b0 < c.b1 && bytes.Equal(a[c.a1-1], b[c.b1-1]) {
			c.a1, c.b1 = c.a1-1, c.b1-1
		}
		pairs := uniqueLines(a, b, c)
		if len(pairs) == 0 {
			add(c)
			return
		}
		for _, p := range pairs {
			between(change{c.a0, p.a, c.b0, p.b})
			c.a0, c.b0 = p.a+1, p.b+1
		}
		between(c)
	}
	between(change{0, len(a), 0, len(b)})
	return changes
}

// pair is the numbers of two equal lines in the old and the new text.
type pair struct{ a, b int }

// uniqueLines matches the lines that occur exactly once in each part. It
// returns the longest list that has the same order in both.
func uniqueLines(a, b [][]byte, c change) []pair {
	type count struct{ a, b, at int }
	counts := map[string]*count{}
	for i := c.b0; i < c.b1; i++ {
		line := string(b[i])
		if counts[line] == nil {
			counts[line] = &count{}
		}
		counts[line].b++
		counts[line].at = i
	}
	for _, line := range a[c.a0:c.a1] {
		if n := counts[string(line)]; n != nil {
			n.a++
		}
	}
	var pairs []pair
	for i := c.a0; i < c.a1; i++ {
		if n := counts[string(a[i])]; n != nil && n.a == 1 && n.b == 1 {
			pairs = append(pairs, pair{i, n.at})
		}
	}
	return increasing(pairs)
}

// increasing returns the longest subsequence of pairs with increasing b. The
// pairs are sorted by a.
func increasing(pairs []pair) []pair {
	var ends []int // ends[n] is the pair with the smallest b that ends a subsequence of n+1 pairs
	before := make([]int, len(pairs))
	for i, p := range pairs {
		n := sort.Search(len(ends), func(n int) bool { return pairs[ends[n]].b >= p.b })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	var list []pair
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = before[i] {
			list = append(list, pairs[i])
		}
	}
	slices.Reverse(list)
	return list
}
