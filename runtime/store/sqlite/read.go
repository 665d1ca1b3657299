package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/busy"
	"github.com/sagagen/sagagen/runtime/store/internal/eventcodec"
)

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, id saga.ID) (saga.Record, error) {
	var records []saga.Record
	err := s.readShared(ctx, "load saga", id, func(tx *transaction) error {
		rows, err := tx.stmt(loadRecord).Query(id[:])
		if err != nil {
			return err
		}
		records, err = scanRecords(rows, true)
		return err
	})
	if err != nil {
		return saga.Record{}, err // the operation may still write to records
	}
	if len(records) == 0 {
		return saga.Record{}, store.ErrNotFound
	}
	return records[0], nil
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	var events []engine.Event
	err := s.readShared(ctx, "read events of saga", id, func(tx *transaction) error {
		rows, err := tx.stmt(loadLog).Query(id[:], int64(min(from, math.MaxInt64)))
		if err != nil {
			return err
		}
		events, err = scanLog(rows, from, limit)
		return err
	})
	if err != nil {
		return nil, err // the operation may still write to events
	}
	return events, nil
}

// Logs implements store.Store.
func (s *Store) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	var logs [][]engine.Event
	array := jsonArray(ids) // a copy: the caller may reuse ids before they are read
	err := s.readShared(ctx, "read logs", saga.ID{}, func(tx *transaction) error {
		rows, err := tx.stmt(loadLogs).Query(array)
		if err != nil {
			return err
		}
		logs, err = scanLogs(rows, len(ids))
		return err
	})
	if err != nil {
		return nil, err // the operation may still write to logs
	}
	return logs, nil
}

// read runs a query that may take long. The query uses a connection of its own
// and is interrupted when the context ends. It is retried while the database is
// locked, which is rare for readers.
func (s *Store) read(ctx context.Context, what string, id saga.ID, query func() error) error {
	return wrapError(busy.Retry(ctx, isBusy, query), what, id)
}

// readShared runs a read of single sagas together with other such reads. That
// saves the locks of a transaction, and the goroutine with which database/sql
// waits for the end of a context; they are most of the cost of a short query.
func (s *Store) readShared(ctx context.Context, what string, id saga.ID, op operation) error {
	return wrapError(s.reads.Submit(ctx, request{Value: op}), what, id)
}

// scanRecords scans the columns of records, followed by the DAG and the
// parameters if withDAG is set. It closes rows.
func scanRecords(rows *sql.Rows, withDAG bool) ([]saga.Record, error) {
	defer rows.Close()
	var (
		records             []saga.Record
		r                   saga.Record
		id                  sql.RawBytes
		name                string
		state               int64
		generation, nextSeq int64
		created, updated    int64
	)
	dest := []any{&id, &name, &state, &r.Queue, &r.Owner, &generation, &r.Notified, &nextSeq, &created, &updated}
	if withDAG {
		dest = append(dest, &r.DAG, &r.Params)
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		if len(id) != len(r.ID) {
			return nil, fmt.Errorf("saga id %x has %d bytes, want %d", id, len(id), len(r.ID))
		}
		r.ID, r.Name, r.State = saga.ID(id), saga.Name(name), saga.State(state)
		r.Generation, r.NextSeq = uint64(generation), uint64(nextSeq)
		r.Created, r.Updated = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
		records = append(records, r)
	}
	return records, rows.Err()
}

// scanLogs scans rows of n whole logs. The first column is the index of the
// log. It closes rows.
func scanLogs(rows *sql.Rows, n int) ([][]engine.Event, error) {
	defer rows.Close()
	logs := make([][]engine.Event, n)
	for rows.Next() {
		var i, seq, count int64
		var data []byte
		if err := rows.Scan(&i, &seq, &count, &data); err != nil {
			return nil, err
		}
		var err error
		if logs[i], err = eventcodec.Decode(logs[i], data, uint64(seq), uint64(count), 0); err != nil {
			return nil, err
		}
	}
	return logs, rows.Err()
}

// scanLog scans the events of a log from number from on, at most limit of them
// if limit is positive. It closes rows.
func scanLog(rows *sql.Rows, from uint64, limit int) ([]engine.Event, error) {
	defer rows.Close()
	var events []engine.Event
	for rows.Next() {
		var seq, count int64
		var data []byte
		if err := rows.Scan(&seq, &count, &data); err != nil {
			return nil, err
		}
		var err error
		if events, err = eventcodec.Decode(events, data, uint64(seq), uint64(count), from); err != nil {
			return nil, err
		}
		if limit > 0 && len(events) >= limit {
			return events[:limit], nil
		}
	}
	return events, rows.Err()
}
