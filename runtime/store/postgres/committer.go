package postgres

import (
	"context"
	"runtime"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sagagen/sagagen/runtime/store/internal/busy"
	"github.com/sagagen/sagagen/runtime/store/internal/groupcommit"
)

// committer commits the entries of many callers in batches, of different sagas
// each. A Store has one committer for its creates and appends, and one for its
// deletes.
type committer = groupcommit.Committer[*pgxpool.Conn, *entry]

// maxBatchBytes is the maximum size of a batch. A larger one saves little, and
// all its callers wait longer.
const maxBatchBytes = 1 << 20

// commitFunc commits a batch in one transaction and returns the result of each
// entry. If it returns an error, the outcome of all entries is unknown, unless
// isRejected.
type commitFunc func(context.Context, *pgxpool.Conn, []*entry) ([]error, error)

// newWrites returns the committer for creates and appends.
func (s *Store) newWrites(commit commitFunc) *committer {
	return groupcommit.New(groupcommit.Driver[*pgxpool.Conn, *entry]{
		Workers:  s.config.Writers,
		MaxBytes: maxBatchBytes,
		Connect:  s.connectWriter,
		Commit:   commit.rejecting,
		Release:  func(conn *pgxpool.Conn, _ bool) { conn.Release() },
	})
}

// connectWriter takes a connection from the pool. Callers that are about to
// submit entries do so now, and share the next commit. Without this,
// postgres/trip@64 of the benchmarks has about 0.20 commits per saga instead of
// 0.18.
func (s *Store) connectWriter(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := s.pool.Acquire(ctx)
	runtime.Gosched()
	return conn, err
}

// newDeletes returns the committer for deletes. It uses one of the
// Config.ReadConns connections, since a delete may take long.
func (s *Store) newDeletes(commit commitFunc) *committer {
	return groupcommit.New(groupcommit.Driver[*pgxpool.Conn, *entry]{
		Workers:  1,
		MaxBytes: maxBatchBytes,
		Connect:  s.connectReader,
		Commit:   commit.rejecting,
		Release: func(conn *pgxpool.Conn, _ bool) {
			conn.Release()
			s.releaseReadConn()
		},
	})
}

// rejecting is Driver.Commit. The server doesn't say because of which entry it
// rejects a batch.
func (f commitFunc) rejecting(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
	errs, err := f(ctx, conn, entries)
	if isRejected(err) {
		err = &groupcommit.Rejected{Index: -1, Err: err}
	}
	return errs, err
}

// submit commits an entry and returns its result. It retries while another
// transaction is in the way: that may take long, and delays only this saga.
func submit(ctx context.Context, c *committer, e *entry) error {
	return busy.Retry(ctx, isBusy, func() error {
		return c.Submit(ctx, groupcommit.Request[*entry]{Value: e, Size: e.size, Saga: e.id})
	})
}
