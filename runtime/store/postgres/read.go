package postgres

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/eventcodec"
)

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, id saga.ID) (saga.Record, error) {
	var records []saga.Record
	err := s.query(ctx, "load saga", id, s.stmts.load, []any{uuid(id)}, func(rows pgx.Rows) (err error) {
		records, err = scanRecords(rows, true)
		return err
	})
	if err != nil {
		return saga.Record{}, err
	}
	if len(records) == 0 {
		return saga.Record{}, store.ErrNotFound
	}
	return records[0], nil
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	first, end := int64(min(from, math.MaxInt64)), int64(math.MaxInt64)
	if limit > 0 && int64(limit) < end-first {
		end = first + int64(limit)
	}
	var events []engine.Event
	args := []any{uuid(id), first, end}
	err := s.query(ctx, "read events of saga", id, s.stmts.events, args, func(rows pgx.Rows) (err error) {
		events, err = scanLog(rows, from)
		return err
	})
	if err != nil {
		return nil, err
	}
	if limit > 0 && len(events) > limit {
		events = events[:limit]
	}
	return events, nil
}

// Logs implements store.Store.
func (s *Store) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	logs := make([][]engine.Event, len(ids))
	err := s.query(ctx, "read logs", saga.ID{}, s.stmts.logs, []any{uuids(ids)}, func(rows pgx.Rows) error {
		clear(logs) // from an earlier try
		return scanLogs(rows, logs)
	})
	if err != nil {
		return nil, err
	}
	return logs, nil
}

// query runs a query, and passes its rows to scan, which must close them.
func (s *Store) query(
	ctx context.Context, what string, id saga.ID, text string, args []any, scan func(pgx.Rows) error,
) error {
	return s.do(ctx, what, id, func() error {
		rows, err := s.pool.Query(ctx, text, append([]any{s.mode}, args...)...)
		if err != nil {
			return err
		}
		return scan(rows)
	})
}

// scanRecords scans the columns of records, followed by the DAG and the
// parameters if withDAG is set. It closes rows.
func scanRecords(rows pgx.Rows, withDAG bool) ([]saga.Record, error) {
	var (
		records             []saga.Record
		r                   saga.Record
		name                string
		state               int16
		generation, nextSeq int64
	)
	dest := []any{
		(*[16]byte)(&r.ID), &name, &state, &r.Queue, &r.Owner, &generation, &r.Notified,
		&nextSeq, &r.Created, &r.Updated,
	}
	if withDAG {
		dest = append(dest, &r.DAG, &r.Params)
	}
	_, err := pgx.ForEachRow(rows, dest, func() error {
		r.Name, r.State = saga.Name(name), saga.State(state)
		r.Generation, r.NextSeq = uint64(generation), uint64(nextSeq)
		r.Created, r.Updated = r.Created.UTC(), r.Updated.UTC()
		records = append(records, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// scanLog scans the events of a log from number from on. It closes rows.
func scanLog(rows pgx.Rows, from uint64) ([]engine.Event, error) {
	var events []engine.Event
	var r logRow
	_, err := pgx.ForEachRow(rows, r.dest(), func() (err error) {
		events, err = r.decode(events, from)
		return err
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// scanLogs scans rows of whole logs. The first column is the ordinal of the
// log, from 1. It closes rows.
func scanLogs(rows pgx.Rows, logs [][]engine.Event) error {
	var ordinal int64
	var r logRow
	_, err := pgx.ForEachRow(rows, append([]any{&ordinal}, r.dest()...), func() (err error) {
		logs[ordinal-1], err = r.decode(logs[ordinal-1], 0)
		return err
	})
	return err
}

// logRow has the columns of a row of a log.
type logRow struct {
	seq    int64
	count  int32
	events []byte
}

func (r *logRow) dest() []any { return []any{&r.seq, &r.count, &r.events} }

func (r *logRow) decode(events []engine.Event, from uint64) ([]engine.Event, error) {
	return eventcodec.Decode(events, r.events, uint64(r.seq), uint64(r.count), from)
}
