package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	saga "github.com/sagagen/sagagen/runtime"
)

// List implements store.Store.
func (s *Store) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	text, args := s.stmts.listQuery(q)
	var records []saga.Record
	err := s.query(ctx, "list sagas", saga.ID{}, text, args, func(rows pgx.Rows) (err error) {
		records, err = scanRecords(rows, false)
		return err
	})
	return records, err
}

// listQuery returns the statement for a query. Where the index
// saga_record_state can serve the query, the statement reads one range of it
// for each state. Each range is in the order of the IDs, and the statement
// reads no more of it than it may return.
func (s statements) listQuery(q saga.Query) (text string, args []any) {
	arg := func(v any, kind string) string {
		args = append(args, v)
		return fmt.Sprintf("$%d::%s", len(args), kind)
	}
	where := "r.id > " + arg(uuid(q.After), "uuid")
	page := " ORDER BY id LIMIT " + arg(sqlLimit(q.Limit), "bigint")
	if q.Name != "" {
		where += " AND r.name = " + arg(string(q.Name), "text")
	}
	if !q.UpdatedBefore.IsZero() {
		// Rounded up, since stored times have no fractions of a microsecond.
		where += " AND r.updated < " + arg(q.UpdatedBefore.Add(time.Microsecond-1).UTC(), "timestamptz")
	}
	if q.Owner != "" {
		where += " AND r.owner = " + arg(q.Owner, "text")
	}
	if len(q.Queues) > 0 {
		where += " AND r.queue = ANY (" + arg(q.Queues, "text[]") + ")"
	}
	if q.Notified {
		where += " AND r.notified"
	}
	states := slices.Compact(slices.Sorted(slices.Values(q.States)))
	switch {
	case len(states) == 0:
		return s.list + " WHERE " + where + page, args
	case q.Notified, slices.Contains(states, saga.StateSucceeded):
		// The planner estimates that a CASE is true for half of the rows,
		// whatever its statistics say. So it reads in the order of the IDs
		// until the page is full, which is usually soon, and doesn't sort all
		// sagas.
		inStates := " AND CASE WHEN r.state IN (" + joinStates(states) + ") THEN true ELSE false END"
		return s.list + " WHERE " + where + inStates + page, args
	}
	ranges := make([]string, len(states))
	for i, state := range states {
		ranges[i] = fmt.Sprintf("(%s WHERE %s AND r.state <> 5 AND r.state = %d%s)", s.list, where, state, page)
	}
	return "SELECT * FROM (" + strings.Join(ranges, " UNION ALL ") + ") AS ranges" + page, args
}

func joinStates(states []saga.State) string {
	numbers := make([]string, len(states))
	for i, state := range states {
		numbers[i] = strconv.Itoa(int(state))
	}
	return strings.Join(numbers, ", ")
}
