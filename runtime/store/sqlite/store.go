package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Store is a store.Store in an SQLite database. There is nothing to close but the database.
type Store struct {
	db     *sql.DB
	stmts  *statements
	writer *writer
}

var _ store.Store = (*Store)(nil)

// Open returns the store in that database. It creates its tables, or migrates them to the version that
// this package knows. It returns an error if the database can't keep what a store promises.
func Open(ctx context.Context, db *sql.DB) (*Store, error) {
	stmts := new(statements)
	s := &Store{db: db, stmts: stmts, writer: newWriter(db, stmts)}
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
	if err := s.writer.write(ctx, 0, migrate); err != nil {
		return err
	}
	return retryLocked(ctx, func() error { return s.stmts.prepare(ctx, s.db) })
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, n store.NewSaga) error {
	if err := n.Check(); err != nil {
		return err
	}
	dag := bytes.Clone(n.DAG)
	rows, size := eventRows(n.Events)
	return s.write(ctx, "create saga", n.ID, size+len(dag), func(tx *transaction) error {
		now, end := time.Now(), int64(0)
		if n.Owner != "" {
			end = leaseEnd(now, n.Lease)
		}
		created, err := tx.exec(createRecord,
			n.ID[:], string(n.Name), int64(n.State), n.Queue, n.Owner, int64(len(rows)), end, now.UnixMicro())
		if err != nil {
			return err
		}
		if created == 0 {
			return store.ErrExists
		}
		if _, err := tx.exec(createDAG, n.ID[:], dag); err != nil {
			return err
		}
		return insertEvents(tx, n.ID, rows)
	})
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, a store.Append) error {
	if err := a.Check(); err != nil {
		return err
	}
	rows, size := eventRows(a.Events)
	return s.write(ctx, "append to saga", a.ID, size, func(tx *transaction) error {
		// A number above the largest int64 becomes negative here, and so is no saga's.
		args := []any{a.ID[:], int64(a.Generation), int64(a.Seq), int64(len(rows)), time.Now().UnixMicro(), int64(a.State), a.Call}
		// Setting the state and the call writes to indexes even if they stay what they are, which they mostly do.
		for _, stmt := range []statement{advance, advanceState} {
			advanced, err := tx.exec(stmt, args...)
			if err != nil {
				return err
			}
			if advanced == 1 {
				return insertEvents(tx, a.ID, rows)
			}
		}
		return refusal(tx, a.ID, a.Generation)
	})
}

// refusal returns why an append was not made.
func refusal(tx *transaction, id saga.ID, generation uint64) error {
	var owned int64
	err := tx.stmt(readGeneration).QueryRow(id[:]).Scan(&owned)
	switch {
	case err == sql.ErrNoRows:
		return store.ErrNotFound
	case err != nil:
		return err
	case owned != int64(generation):
		return store.ErrFenced
	}
	return store.ErrSequence
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, owner string, lease time.Duration) error {
	if owner == "" { // what nobody owns has no lease
		return ctx.Err()
	}
	return s.write(ctx, "renew leases", saga.ID{}, 0, func(tx *transaction) error {
		_, err := tx.exec(renewLeases, owner, leaseEnd(time.Now(), lease))
		return err
	})
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, id saga.ID) error {
	return s.write(ctx, "delete saga", id, 0, func(tx *transaction) error {
		deleted, err := tx.exec(deleteRecord, id[:])
		if err != nil {
			return err
		}
		if deleted == 0 {
			err := tx.stmt(readGeneration).QueryRow(id[:]).Scan(new(int64))
			switch err {
			case nil:
				return store.ErrNotFinal
			case sql.ErrNoRows:
				return store.ErrNotFound
			}
			return err
		}
		if _, err := tx.exec(deleteDAG, id[:]); err != nil {
			return err
		}
		_, err = tx.exec(deleteEvents, id[:])
		return err
	})
}

// write runs op, which writes about that many bytes. A refusal comes back as it is, any other error with what was tried.
func (s *Store) write(ctx context.Context, what string, id saga.ID, size int, op operation) error {
	return explain(s.writer.write(ctx, size, op), what, id)
}

// eventRow is an event as it is stored.
type eventRow struct {
	seq, node, kind, at int64
	payload             any // []byte, or nil for NULL
}

// eventRows copies events, as they may be written after the call that was given them has returned. It
// also returns how many bytes they are, about.
func eventRows(events []saga.Event) (rows []eventRow, size int) {
	for i := range events {
		size += len(events[i].Payload)
	}
	payloads := make([]byte, 0, size)
	rows = make([]eventRow, len(events))
	for i := range events {
		e := &events[i]
		rows[i] = eventRow{seq: int64(e.Seq), node: int64(e.Node), kind: int64(e.Kind), at: e.At.UnixMicro()}
		if len(e.Payload) > 0 {
			begin := len(payloads)
			payloads = append(payloads, e.Payload...)
			rows[i].payload = payloads[begin:]
		}
	}
	return rows, size + 64*len(events)
}

func insertEvents(tx *transaction, id saga.ID, rows []eventRow) error {
	for _, r := range rows {
		if _, err := tx.exec(insertEvent, id[:], r.seq, r.node, r.kind, r.at, r.payload); err != nil {
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
