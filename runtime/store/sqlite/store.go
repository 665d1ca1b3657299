package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/intern"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/busy"
)

// Store is a store.Store in an SQLite database. It is safe for concurrent use.
// It needs no Close: the program closes the database.
type Store struct {
	db    *sql.DB
	stmts *statements
	// writes runs everything that writes, reads the reads of single sagas.
	writes, reads *committer
	dags          intern.Cache[*sharedDAG]
}

var _ store.Store = (*Store)(nil)

// Open returns the store in that database. It creates the store's tables, or
// migrates them to the version that this package knows, and deletes expired
// leases. It returns an error if the database can't keep what a store promises,
// for example because it is in memory, read-only, or not in WAL mode; and if a
// newer version of this package has migrated the tables.
func Open(ctx context.Context, db *sql.DB) (*Store, error) {
	stmts := new(statements)
	s := &Store{db: db, stmts: stmts, writes: newCommitter(db, stmts, true), reads: newCommitter(db, stmts, false)}
	err := s.open(ctx)
	switch {
	case err == nil:
		return s, nil
	case strings.Contains(err.Error(), "readonly database"):
		const advice = "open it without mode=ro, immutable or query_only, " +
			"and check the permissions of the file and its folder"
		err = fmt.Errorf("%w: %s", err, advice)
	}
	return nil, fmt.Errorf("sqlite store: %w", err)
}

func (s *Store) open(ctx context.Context) error {
	if err := busy.Retry(ctx, isBusy, func() error { return checkDatabase(ctx, s.db) }); err != nil {
		return err
	}
	if err := s.writes.Submit(ctx, request{Value: prepareTables}); err != nil {
		return err
	}
	return busy.Retry(ctx, isBusy, func() error { return s.stmts.prepare(ctx, s.db) })
}

// Watch implements store.Store. SQLite can't report the changes of other
// processes, so the error wraps errors.ErrUnsupported.
func (s *Store) Watch(context.Context, func()) error {
	return fmt.Errorf("sqlite store: watch: %w", errors.ErrUnsupported)
}

// Renew implements store.Store. It usually writes one row. If the lease is not
// positive, or the clock was set back and existing leases end later than the
// renewed ones, it also shortens the leases of single sagas.
func (s *Store) Renew(ctx context.Context, owner string, lease time.Duration) error {
	if owner == "" { // an unowned saga has no lease
		return ctx.Err()
	}
	return s.writeFirst(ctx, "renew leases", func(tx *transaction) error {
		now := time.Now()
		end := leaseEnd(now, lease)
		for _, statement := range []statement{insertLease, extendLease} {
			if done, err := tx.exec(statement, owner, end); err != nil || done > 0 && end > 0 {
				return err
			}
		}
		if _, err := tx.exec(setLease, owner, end); err != nil {
			return err
		}
		_, err := tx.exec(shortenLeases, owner, end, now.UnixMicro())
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
		if err := appendError(tx, id, generation); err != store.ErrSequence {
			return err
		}
		return nil // the saga is final
	})
}

// write runs op, which writes about size bytes. It returns the errors of
// package store unchanged, and wraps all others with what was tried.
func (s *Store) write(ctx context.Context, what string, id saga.ID, size int, op operation) error {
	return wrapError(s.writes.Submit(ctx, request{Value: op, Size: size}), what, id)
}

// writeFirst is write for an operation on many sagas. It goes before all writes
// that wait.
func (s *Store) writeFirst(ctx context.Context, what string, op operation) error {
	return wrapError(s.writes.Submit(ctx, request{Value: op, First: true}), what, saga.ID{})
}

// leaseEnd returns the stored end of a lease that begins now: rounded up to the
// next microsecond, or 0 for a lease that is expired at once.
func leaseEnd(now time.Time, lease time.Duration) int64 {
	if lease <= 0 {
		return 0
	}
	return now.Add(lease).UnixMicro() + 1
}

// sqlLimit returns the argument of LIMIT for a limit of n: negative for none.
func sqlLimit(n int) int64 {
	if n <= 0 {
		return -1
	}
	return int64(n)
}

// sqlBytes returns n, or the largest number if n isn't positive.
func sqlBytes(n int) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return int64(n)
}
