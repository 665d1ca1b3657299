package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/packed"
)

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, id saga.ID) (store.Record, error) {
	var records []store.Record
	err := s.readShared(ctx, "load saga", id, func(tx *transaction) error {
		rows, err := tx.stmt(loadRecord).Query(id[:])
		if err != nil {
			return err
		}
		records, err = scanRecords(rows, true)
		return err
	})
	if err != nil {
		return store.Record{}, err // and don't look at records, which may still be read
	}
	if len(records) == 0 {
		return store.Record{}, store.ErrNotFound
	}
	return records[0], nil
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error) {
	var events []saga.Event
	err := s.readShared(ctx, "read events of saga", id, func(tx *transaction) error {
		rows, err := tx.stmt(loadLog).Query(id[:], int64(min(from, math.MaxInt64)))
		if err != nil {
			return err
		}
		events, err = scanLog(rows, from, limit)
		return err
	})
	if err != nil {
		return nil, err // and don't look at events, which may still be read
	}
	return events, nil
}

// Logs implements store.Store.
func (s *Store) Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error) {
	var logs [][]saga.Event
	array := jsonArray(ids) // the caller may have gone when it is read
	err := s.readShared(ctx, "read logs", saga.ID{}, func(tx *transaction) error {
		rows, err := tx.stmt(loadLogs).Query(array)
		if err != nil {
			return err
		}
		logs, err = scanLogs(rows, len(ids))
		return err
	})
	if err != nil {
		return nil, err // and don't look at logs, which may still be read
	}
	return logs, nil
}

// read runs query until the database isn't locked, which it is for readers at rare moments only. It is for what may take long: it has
// a connection of its own, and is broken off when the context ends.
func (s *Store) read(ctx context.Context, what string, id saga.ID, query func() error) error {
	return explain(retryLocked(ctx, query), what, id)
}

// readShared runs what reads of one saga, with what others read at the same time. That saves the locks of a transaction, and the goroutines
// that wait for the end of a context, which are most of the cost of a short query.
func (s *Store) readShared(ctx context.Context, what string, id saga.ID, op operation) error {
	return explain(s.reads.do(ctx, 0, op), what, id)
}

// scanRecords reads the columns, and behind them the DAG and the parameters if there are any, and closes rows.
func scanRecords(rows *sql.Rows, withDAG bool) ([]store.Record, error) {
	defer rows.Close()
	var (
		records             []store.Record
		r                   store.Record
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

// scanLogs reads whole logs, of which each row says which it belongs to, and closes rows.
func scanLogs(rows *sql.Rows, n int) ([][]saga.Event, error) {
	defer rows.Close()
	logs := make([][]saga.Event, n)
	for rows.Next() {
		var at, seq, count int64
		var p []byte
		if err := rows.Scan(&at, &seq, &count, &p); err != nil {
			return nil, err
		}
		var err error
		if logs[at], err = packed.Events(p).Unpack(logs[at], uint64(seq), uint64(count), 0); err != nil {
			return nil, err
		}
	}
	return logs, rows.Err()
}

// scanLog reads events from number from on, at most limit if that is positive, and closes rows.
func scanLog(rows *sql.Rows, from uint64, limit int) ([]saga.Event, error) {
	defer rows.Close()
	var events []saga.Event
	for rows.Next() {
		var seq, count int64
		var p []byte
		if err := rows.Scan(&seq, &count, &p); err != nil {
			return nil, err
		}
		var err error
		if events, err = packed.Events(p).Unpack(events, uint64(seq), uint64(count), from); err != nil {
			return nil, err
		}
		if limit > 0 && len(events) >= limit {
			return events[:limit], nil
		}
	}
	return events, rows.Err()
}
