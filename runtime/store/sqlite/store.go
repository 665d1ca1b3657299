package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/dags"
)

// Store is a store.Store in an SQLite database. There is nothing to close but the database.
type Store struct {
	db            *sql.DB
	stmts         *statements
	writes, reads *lane
	dags          dags.Known
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

// Renew implements store.Store. Mostly it writes one row. If it ends leases, or they would have ended later, as the clock was set back, it shortens those of
// single sagas too.
func (s *Store) Renew(ctx context.Context, owner string, lease time.Duration) error {
	if owner == "" { // what nobody owns has no lease
		return ctx.Err()
	}
	return s.writeFirst(ctx, "renew leases", func(tx *transaction) error {
		now := time.Now()
		end := leaseEnd(now, lease)
		for _, statement := range []statement{beginLeases, prolongLeases} {
			if done, err := tx.exec(statement, owner, end); err != nil || done > 0 && end > 0 {
				return err
			}
		}
		if _, err := tx.exec(setLeases, owner, end); err != nil {
			return err
		}
		_, err := tx.exec(cutLeases, owner, end, now.UnixMicro())
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

// sqlBytes returns a number of bytes, or if it isn't positive, more than there are.
func sqlBytes(n int) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return int64(n)
}
