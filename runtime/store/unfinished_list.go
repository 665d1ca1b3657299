package store

import (
	"bytes"
	"iter"
	"slices"
)

// unfinishedList is a doubly linked list of a Memory's sagas that are not
// final. Operations on these sagas don't have to search through all sagas.
// Adding and removing a saga takes constant time.
type unfinishedList struct{ first, last *memorySaga }

// set adds a saga to the list or removes it. It does nothing if that is done
// already.
func (l *unfinishedList) set(s *memorySaga, unfinished bool) {
	if s.unfinished == unfinished {
		return
	}
	s.unfinished = unfinished
	if unfinished {
		l.add(s)
	} else {
		l.remove(s)
	}
}

func (l *unfinishedList) add(s *memorySaga) {
	s.previous, l.last = l.last, s
	if s.previous == nil {
		l.first = s
	} else {
		s.previous.next = s
	}
}

func (l *unfinishedList) remove(s *memorySaga) {
	if s.previous == nil {
		l.first = s.next
	} else {
		s.previous.next = s.next
	}
	if s.next == nil {
		l.last = s.previous
	} else {
		s.next.previous = s.previous
	}
	s.previous, s.next = nil, nil
}

// all yields the sagas in the order in which they were added.
func (l *unfinishedList) all() iter.Seq[*memorySaga] {
	return func(yield func(*memorySaga) bool) {
		for s := l.first; s != nil; s = s.next {
			if !yield(s) {
				return
			}
		}
	}
}

// oldest returns the matching sagas with the lowest IDs, ordered by ID. It
// returns at most limit of them if limit is positive.
func (l *unfinishedList) oldest(limit int, matches func(*memorySaga) bool) []*memorySaga {
	compare := func(a, b *memorySaga) int { return bytes.Compare(a.record.ID[:], b.record.ID[:]) }
	var found []*memorySaga
	for s := range l.all() {
		full := limit > 0 && len(found) == limit
		if full && compare(s, found[limit-1]) > 0 || !matches(s) {
			continue
		}
		if full {
			found = found[:limit-1]
		}
		// The common case: IDs grow with time, and so does the list.
		if n := len(found); n == 0 || compare(found[n-1], s) < 0 {
			found = append(found, s)
			continue
		}
		i, _ := slices.BinarySearchFunc(found, s, compare)
		found = slices.Insert(found, i, s)
	}
	return found
}
