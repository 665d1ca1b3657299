package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// List implements store.Store.
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	text, args := listQuery(q)
	var records []store.Record
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

// listQuery returns the statement for a query. Where an index can serve it, the statement merges ranges of that, one a state, each in the order of
// the IDs; so it reads no more than it returns. What runs is only in the index for claiming, in which it is in that order for each owner; of each, the
// statement reads no more than it returns. What is called is few, and has an index of its own.
func listQuery(q store.Query) (text string, args []any) {
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("?%d", len(args))
	}
	whose := "" // what a saga has in common with others of its owner
	where := "id > " + arg(q.After[:])
	limit := " ORDER BY id LIMIT " + arg(sqlLimit(q.Limit))
	if q.Owner != "" {
		whose += " AND owner = " + arg(q.Owner)
	}
	if len(q.Queues) > 0 {
		places := make([]string, len(q.Queues))
		for i, queue := range q.Queues {
			places[i] = arg(queue)
		}
		whose += " AND queue IN (" + strings.Join(places, ", ") + ")"
	}
	if q.Name != "" {
		where += " AND name = " + arg(string(q.Name))
	}
	if !q.UpdatedBefore.IsZero() {
		where += " AND " + updated + " < " + arg(q.UpdatedBefore.Add(time.Microsecond-1).UnixMicro()) // rounded up, as what is stored has no more digits
	}

	from := func(table string) string {
		return "SELECT " + columns + " FROM saga_record" + table + " WHERE " + where + whose
	}
	states := slices.Compact(slices.Sorted(slices.Values(q.States)))
	switch {
	case q.Notified:
		return from(" INDEXED BY saga_record_called") + " AND called" + isOneOf(states) + limit, args
	case len(states) == 0, slices.Contains(states, saga.StateSucceeded):
		return from("") + isOneOf(states) + limit, args
	}
	ranges := make([]string, len(states))
	for i, state := range states {
		if state == saga.StateRunning {
			ranges[i] = "SELECT " + columns + " FROM saga_record WHERE id IN (" + running(where, whose, limit) + ")"
		} else {
			ranges[i] = from(" INDEXED BY saga_record_state") + fmt.Sprintf(" AND state NOT IN (2, 5) AND state = %d", state)
		}
	}
	return strings.Join(ranges, " UNION ALL ") + limit, args
}

// running is the IDs of sagas that run: of each owner in each queue, the first ones. It goes from one to the next in the index.
func running(where, whose, limit string) string {
	return queues + `,
		owners (queue, owner) AS (
			SELECT queue, (SELECT min(owner) ` + open + ` AND queue = queues.queue) FROM queues
			UNION ALL
			SELECT queue, (SELECT min(owner) ` + open + ` AND queue = owners.queue AND owner > owners.owner) FROM owners WHERE owner IS NOT NULL
		)
		SELECT unhex(found.value) FROM owners, json_each((
			SELECT json_group_array(hex(id)) FROM (
				SELECT id ` + open + ` AND state = 2 AND queue = owners.queue AND owner = owners.owner AND ` + where + limit + `))) AS found
		WHERE owner IS NOT NULL` + whose
}

// isOneOf selects states, or all if there are none.
func isOneOf(states []saga.State) string {
	if len(states) == 0 {
		return ""
	}
	numbers := make([]string, len(states))
	for i, state := range states {
		numbers[i] = strconv.Itoa(int(state))
	}
	return " AND state IN (" + strings.Join(numbers, ", ") + ")"
}
