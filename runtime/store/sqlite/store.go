package sqlite

import (
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
	db            *sql.DB
	stmts         *statements
	writes, reads *lane
	dags          knownDAGs
}

var _ store.Store = (*Store)(nil)

// Open returns the store in that database. It creates its tables, or migrates them to the version that
// this package knows. It returns an error if the database can't keep what a store promises.
func Open(ctx context.Context, db *sql.DB) (*Store, error) {
	stmts := new(statements)
	s := &Store{db: db, stmts: stmts, writes: newLane(db, stmts, true), reads: newLane(db, stmts, false)}
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
	if err := s.writes.do(ctx, 0, prepareTables); err != nil {
		return err
	}
	return retryLocked(ctx, func() error { return s.stmts.prepare(ctx, s.db) })
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, a store.Append) error {
	if err := a.Check(); err != nil {
		return err
	}
	events, count := pack(a.Events), int64(len(a.Events))
	a.Events = nil // they are the caller's, who may have gone when it is written
	return s.write(ctx, "append to saga", a.ID, len(events), func(tx *transaction) error {
		// A number above the largest int64 becomes negative here, and so is no saga's.
		generation, seq, now := int64(a.Generation), int64(a.Seq), time.Now().UnixMicro()
		if count > 0 {
			statement := appendLog
			if a.State.Final() {
				statement = finish
			}
			appended, err := tx.exec(statement, a.ID[:], generation, seq, count, now, int64(a.State), a.Call, []byte(events))
			if err != nil || appended == 1 {
				return err
			}
		}
		advanced, err := tx.exec(advance, a.ID[:], generation, seq, count, now, int64(a.State), a.Call)
		switch {
		case err != nil:
			return err
		case advanced == 0:
			return refusal(tx, a.ID, a.Generation)
		case count == 0:
			return nil
		}
		_, err = tx.exec(appendEvents, a.ID[:], seq, count, now, []byte(events))
		return err
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
	return s.writeFirst(ctx, "renew leases", func(tx *transaction) error {
		_, err := tx.exec(renewLeases, owner, leaseEnd(time.Now(), lease))
		return err
	})
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, id saga.ID, generation uint64) error {
	return s.write(ctx, "release saga", id, 0, func(tx *transaction) error {
		released, err := tx.exec(release, id[:], int64(generation))
		if err != nil || released == 1 {
			return err
		}
		if err := refusal(tx, id, generation); err != store.ErrSequence {
			return err
		}
		return nil // it is final
	})
}

// write runs op, which writes about that many bytes. A refusal comes back as it is, any other error with what was tried.
func (s *Store) write(ctx context.Context, what string, id saga.ID, size int, op operation) error {
	return explain(s.writes.do(ctx, size, op), what, id)
}

// writeFirst is write for what is about many sagas, before what else waits.
func (s *Store) writeFirst(ctx context.Context, what string, op operation) error {
	return explain(s.writes.doFirst(ctx, op), what, saga.ID{})
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
