package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Store is a store.Store in an SQLite database. There is nothing to close but the database.
type Store struct {
	db     *sql.DB
	writer *writer
	stmts  statements
}

var _ store.Store = (*Store)(nil)

// Open returns the store in that database. It creates its tables, or migrates them to the version that
// this package knows. It returns an error if the database can't keep what a store promises.
func Open(ctx context.Context, db *sql.DB) (*Store, error) {
	s := &Store{db: db, writer: &writer{db: db}}
	err := s.open(ctx)
	switch {
	case err == nil:
		return s, nil
	case strings.Contains(err.Error(), "readonly database"):
		err = fmt.Errorf("%w: open it without mode=ro, immutable or query_only, and check the permissions of the file and its folder", err)
	}
	return nil, fmt.Errorf("sqlite store: %w", err)
}

func (s *Store) open(ctx context.Context) error {
	if err := retryLocked(ctx, func() error { return checkDatabase(ctx, s.db) }); err != nil {
		return err
	}
	if err := s.writer.write(ctx, migrate); err != nil {
		return err
	}
	return retryLocked(ctx, func() error { return s.stmts.prepare(ctx, s.db) })
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, n store.NewSaga) error {
	if err := n.Check(); err != nil {
		return err
	}
	dag, rows := bytes.Clone(n.DAG), eventRows(n.Events)
	return s.write(ctx, "create saga", n.ID, func(ctx context.Context, tx *sql.Tx) error {
		now := time.Now()
		created, err := affected(tx.StmtContext(ctx, s.stmts.createRecord).ExecContext(ctx,
			n.ID[:], string(n.Name), int64(n.State), n.Owner, int64(len(rows)), leaseEnd(now, n.Lease), now.UnixMicro()))
		if err != nil {
			return err
		}
		if created == 0 {
			return store.ErrExists
		}
		if _, err := tx.StmtContext(ctx, s.stmts.createDAG).ExecContext(ctx, n.ID[:], dag); err != nil {
			return err
		}
		return s.insertEvents(ctx, tx, n.ID, rows)
	})
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, a store.Append) error {
	if err := a.Check(); err != nil {
		return err
	}
	rows := eventRows(a.Events)
	return s.write(ctx, "append to saga", a.ID, func(ctx context.Context, tx *sql.Tx) error {
		// A number above the largest int64 becomes negative here, and so is no saga's.
		args := []any{a.ID[:], int64(a.Generation), int64(a.Seq), int64(len(rows)), time.Now().UnixMicro(), int64(a.State)}
		// Setting the state writes to an index even if it stays what it is, which it mostly does.
		for _, stmt := range []*sql.Stmt{s.stmts.advance, s.stmts.advanceState} {
			advanced, err := affected(tx.StmtContext(ctx, stmt).ExecContext(ctx, args...))
			if err != nil {
				return err
			}
			if advanced == 1 {
				return s.insertEvents(ctx, tx, a.ID, rows)
			}
		}
		return s.refusal(ctx, tx, a)
	})
}

// refusal returns why an append was not made.
func (s *Store) refusal(ctx context.Context, tx *sql.Tx, a store.Append) error {
	var generation int64
	err := tx.StmtContext(ctx, s.stmts.generation).QueryRowContext(ctx, a.ID[:]).Scan(&generation)
	switch {
	case err == sql.ErrNoRows:
		return store.ErrNotFound
	case err != nil:
		return err
	case generation != int64(a.Generation):
		return store.ErrFenced
	}
	return store.ErrSequence
}

// Claim implements store.Store.
func (s *Store) Claim(ctx context.Context, c store.Claim) ([]store.Record, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	var ids any // NULL, or a JSON array
	if len(c.IDs) > 0 {
		texts := make([]string, len(c.IDs))
		for i, id := range c.IDs {
			texts[i] = hex.EncodeToString(id[:])
		}
		array, err := json.Marshal(texts)
		if err != nil {
			return nil, err
		}
		ids = string(array)
	}
	var records []store.Record
	err := s.write(ctx, "claim sagas", saga.ID{}, func(ctx context.Context, tx *sql.Tx) error {
		now := time.Now()
		rows, err := tx.StmtContext(ctx, s.stmts.claim).QueryContext(ctx,
			c.Owner, leaseEnd(now, c.Lease), now.UnixMicro(), ids, sqlLimit(c.Limit))
		if err != nil {
			return err
		}
		records, err = scanRecords(rows, true)
		return err
	})
	if err != nil {
		return nil, err // and don't look at records, which the writer may still be reading
	}
	slices.SortFunc(records, func(a, b store.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records, nil
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, owner string, lease time.Duration) error {
	return s.write(ctx, "renew leases", saga.ID{}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.StmtContext(ctx, s.stmts.renew).ExecContext(ctx, owner, leaseEnd(time.Now(), lease))
		return err
	})
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, id saga.ID) error {
	return s.write(ctx, "delete saga", id, func(ctx context.Context, tx *sql.Tx) error {
		deleted, err := affected(tx.StmtContext(ctx, s.stmts.deleteRecord).ExecContext(ctx, id[:]))
		if err != nil {
			return err
		}
		if deleted == 0 {
			err := tx.StmtContext(ctx, s.stmts.generation).QueryRowContext(ctx, id[:]).Scan(new(int64))
			switch err {
			case nil:
				return store.ErrNotFinal
			case sql.ErrNoRows:
				return store.ErrNotFound
			}
			return err
		}
		if _, err := tx.StmtContext(ctx, s.stmts.deleteDAG).ExecContext(ctx, id[:]); err != nil {
			return err
		}
		_, err = tx.StmtContext(ctx, s.stmts.deleteEvents).ExecContext(ctx, id[:])
		return err
	})
}

// write runs op in a transaction. A refusal comes back as it is, any other error with what was tried.
func (s *Store) write(ctx context.Context, what string, id saga.ID, op operation) error {
	return explain(s.writer.write(ctx, op), what, id)
}

// eventRow is an event as it is stored.
type eventRow struct {
	seq, node, kind, at int64
	payload             any // []byte, or nil for NULL
}

// eventRows copies events, as they may be written after the call that was given them has returned.
func eventRows(events []saga.Event) []eventRow {
	rows := make([]eventRow, len(events))
	for i := range events {
		e := &events[i]
		rows[i] = eventRow{seq: int64(e.Seq), node: int64(e.Node), kind: int64(e.Kind), at: e.At.UnixMicro()}
		if len(e.Payload) > 0 {
			rows[i].payload = bytes.Clone([]byte(e.Payload))
		}
	}
	return rows
}

func (s *Store) insertEvents(ctx context.Context, tx *sql.Tx, id saga.ID, rows []eventRow) error {
	if len(rows) == 0 {
		return nil
	}
	insert := tx.StmtContext(ctx, s.stmts.insertEvent)
	for _, r := range rows {
		if _, err := insert.ExecContext(ctx, id[:], r.seq, r.node, r.kind, r.at, r.payload); err != nil {
			return err
		}
	}
	return nil
}

// leaseEnd returns when a lease ends that begins now, as it is stored: rounded up, 0 if it has ended.
func leaseEnd(now time.Time, lease time.Duration) int64 {
	if lease <= 0 {
		return 0
	}
	return now.Add(lease).UnixMicro() + 1
}

// sqlLimit returns n as SQL has it: negative for no limit.
func sqlLimit(n int) int64 {
	if n <= 0 {
		return -1
	}
	return int64(n)
}

// affected returns how many rows a statement changed.
func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
