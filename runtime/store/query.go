package store

import (
	"bytes"
	"slices"
)

// Select returns those of the records that the query asks for, in the order in which List returns them. It is for what
// has no index to ask.
func (q Query) Select(records []Record) []Record {
	var selected []Record
	for i := range records {
		if q.wants(&records[i]) {
			selected = append(selected, records[i])
		}
	}
	return q.page(selected)
}

// wants reports whether a record is one that the query asks for, Limit aside.
func (q Query) wants(r *Record) bool {
	return bytes.Compare(r.ID[:], q.After[:]) > 0 &&
		(q.Name == "" || q.Name == r.Name) &&
		(len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(len(q.Queues) == 0 || slices.Contains(q.Queues, r.Queue)) &&
		(q.Owner == "" || q.Owner == r.Owner) &&
		(!q.Notified || r.Notified) &&
		(q.UpdatedBefore.IsZero() || r.Updated.Before(q.UpdatedBefore))
}

// page sorts records and returns the first ones, at most Limit.
func (q Query) page(records []Record) []Record {
	slices.SortFunc(records, func(a, b Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return slices.Clip(firstN(records, q.Limit))
}
