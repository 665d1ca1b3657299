package store

import (
	"bytes"
	"slices"
)

// Select returns the records that match the query, as List does: ordered by ID
// and at most Limit. It is for records that are in memory.
func (q Query) Select(records []Record) []Record {
	var selected []Record
	for i := range records {
		if q.matches(&records[i]) {
			selected = append(selected, records[i])
		}
	}
	return q.page(selected)
}

// matches reports whether a record matches the query. It ignores Limit.
func (q Query) matches(r *Record) bool {
	return bytes.Compare(r.ID[:], q.After[:]) > 0 &&
		(q.Name == "" || q.Name == r.Name) &&
		(len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(len(q.Queues) == 0 || slices.Contains(q.Queues, r.Queue)) &&
		(q.Owner == "" || q.Owner == r.Owner) &&
		(!q.Notified || r.Notified) &&
		(q.UpdatedBefore.IsZero() || r.Updated.Before(q.UpdatedBefore))
}

// page sorts the records by ID and returns the first ones, at most Limit.
func (q Query) page(records []Record) []Record {
	slices.SortFunc(records, func(a, b Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	if q.Limit > 0 && q.Limit < len(records) {
		records = records[:q.Limit]
	}
	return slices.Clip(records)
}
