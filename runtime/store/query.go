package store

import (
	"bytes"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
)

// matches reports whether a record matches a query. It ignores Limit.
func matches(q *saga.Query, r *saga.Record) bool {
	return bytes.Compare(r.ID[:], q.After[:]) > 0 &&
		(q.Name == "" || q.Name == r.Name) &&
		(len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(len(q.Queues) == 0 || slices.Contains(q.Queues, r.Queue)) &&
		(q.Owner == "" || q.Owner == r.Owner) &&
		(!q.Notified || r.Notified) &&
		(q.UpdatedBefore.IsZero() || r.Updated.Before(q.UpdatedBefore))
}

// page sorts records by ID and returns the first ones, at most q.Limit.
func page(q *saga.Query, records []saga.Record) []saga.Record {
	slices.SortFunc(records, func(a, b saga.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	if q.Limit > 0 && q.Limit < len(records) {
		records = records[:q.Limit]
	}
	return slices.Clip(records)
}
