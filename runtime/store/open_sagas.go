package store

import (
	"bytes"
	"iter"
	"slices"
)

// openSagas lists the sagas of a Memory that are not final, so that what is about them needn't look at all. A saga comes and goes without a
// search.
type openSagas struct{ first, last *memorySaga }

// set puts a saga into the list, or takes it out.
func (l *openSagas) set(s *memorySaga, open bool) {
	if s.open == open {
		return
	}
	s.open = open
	before, after := &l.first, &l.last // what points to s from its neighbours
	if open {
		s.previous, l.last = l.last, s
		if s.previous != nil {
			before = &s.previous.next
		}
		*before = s
		return
	}
	if s.previous != nil {
		before = &s.previous.next
	}
	if s.next != nil {
		after = &s.next.previous
	}
	*before, *after = s.next, s.previous
	s.previous, s.next = nil, nil
}

// all yields the sagas.
func (l *openSagas) all() iter.Seq[*memorySaga] {
	return func(yield func(*memorySaga) bool) {
		for s := l.first; s != nil; s = s.next {
			if !yield(s) {
				return
			}
		}
	}
}

// oldest returns the ones with the lowest IDs of those that are wanted, in order; at most limit if that is positive.
func (l *openSagas) oldest(limit int, wanted func(*memorySaga) bool) []*memorySaga {
	compare := func(a, b *memorySaga) int { return bytes.Compare(a.record.ID[:], b.record.ID[:]) }
	var found []*memorySaga
	for s := range l.all() {
		full := limit > 0 && len(found) == limit
		if full && compare(s, found[limit-1]) > 0 || !wanted(s) {
			continue
		}
		if full {
			found = found[:limit-1]
		}
		if n := len(found); n == 0 || compare(found[n-1], s) < 0 { // as mostly
			found = append(found, s)
			continue
		}
		i, _ := slices.BinarySearchFunc(found, s, compare)
		found = slices.Insert(found, i, s)
	}
	return found
}
