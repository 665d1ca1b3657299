package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// List implements store.Store.
func (s *Store) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	text, args := listQuery(q)
	var records []saga.Record
	err := s.read(ctx, "list sagas", saga.ID{}, func() error {
		rows, err := s.db.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		records, err = scanRecords(rows, false)
		return err
	})
	return records, err
}

// listQuery returns the statement for a query.
//
// Where saga_record_state can serve the query, the statement merges one range
// of it for each state. Each range is in the order of the IDs, so the statement
// reads no more than it returns.
//
// Running sagas are only in saga_record_unfinished, which is in the order of
// the IDs for each owner in each queue. Of each owner, the statement reads no
// more than it returns.
//
// Sagas whose owners are notified are few, and have an index of their own.
func listQuery(q saga.Query) (text string, args []any) {
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("?%d", len(args))
	}
	ownerWhere := "" // the conditions on queue and owner
	where := "id > " + arg(q.After[:])
	limit := " ORDER BY id LIMIT " + arg(sqlLimit(q.Limit))
	if q.Owner != "" {
		ownerWhere += " AND owner = " + arg(q.Owner)
	}
	if len(q.Queues) > 0 {
		queues := make([]string, len(q.Queues))
		for i, queue := range q.Queues {
			queues[i] = arg(queue)
		}
		ownerWhere += " AND queue IN (" + strings.Join(queues, ", ") + ")"
	}
	if q.Name != "" {
		where += " AND name = " + arg(string(q.Name))
	}
	if !q.UpdatedBefore.IsZero() {
		// Rounded up, since stored times have no fractions of a microsecond.
		where += " AND " + updated + " < " + arg(q.UpdatedBefore.Add(time.Microsecond-1).UnixMicro())
	}

	from := func(index string) string {
		return "SELECT " + columns + " FROM saga_record" + index + " WHERE " + where + ownerWhere
	}
	states := slices.Compact(slices.Sorted(slices.Values(q.States)))
	switch {
	case q.Notified:
		return from(" INDEXED BY saga_record_notified") + " AND notified" + inStates(states) + limit, args
	case len(states) == 0, slices.Contains(states, saga.StateSucceeded):
		return from("") + inStates(states) + limit, args
	}
	ranges := make([]string, len(states))
	for i, state := range states {
		if state == saga.StateRunning {
			ids := runningIDs(where, ownerWhere, limit)
			ranges[i] = "SELECT " + columns + " FROM saga_record WHERE id IN (" + ids + ")"
		} else {
			inRange := fmt.Sprintf(" AND state NOT IN (2, 5) AND state = %d", state)
			ranges[i] = from(" INDEXED BY saga_record_state") + inRange
		}
	}
	return strings.Join(ranges, " UNION ALL ") + limit, args
}

// runningIDs selects the IDs of running sagas: the first ones of each owner in
// each queue. It goes from owner to owner in the index.
func runningIDs(where, ownerWhere, limit string) string {
	return queues + `,
		owners (queue, owner) AS (
			SELECT queue, (SELECT min(owner) ` + unfinished + ` AND queue = queues.queue) FROM queues
			UNION ALL
			SELECT queue, (SELECT min(owner) ` + unfinished + ` AND queue = owners.queue AND owner > owners.owner)
			FROM owners WHERE owner IS NOT NULL
		)
		SELECT unhex(found.value) FROM owners, json_each((
			SELECT json_group_array(hex(id)) FROM (
				SELECT id ` + unfinished + ` AND state = 2 AND queue = owners.queue AND owner = owners.owner
					AND ` + where + limit + `))) AS found
		WHERE owner IS NOT NULL` + ownerWhere
}

// inStates is a condition on the state. It is empty if there are no states.
func inStates(states []saga.State) string {
	if len(states) == 0 {
		return ""
	}
	numbers := make([]string, len(states))
	for i, state := range states {
		numbers[i] = strconv.Itoa(int(state))
	}
	return " AND state IN (" + strings.Join(numbers, ", ") + ")"
}
