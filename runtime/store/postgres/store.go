package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/intern"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/busy"
)

// Store is a store.Store in a PostgreSQL database. It is safe for concurrent
// use. It needs no Close: the program closes the pool.
type Store struct {
	pool    *pgxpool.Pool
	config  Config
	mode    pgx.QueryExecMode // of all statements that are not prepared
	channel string            // of the notifications for Watch
	stmts   statements
	writes  *committer // creates and appends
	deletes *committer // apart from writes, as a delete may take long
	dags    intern.Cache[*sharedDAG]
	// readConns has a token for each connection in use, except for those of
	// writes.
	readConns chan struct{}
}

var (
	_ store.Store = (*Store)(nil)
)

// Open returns the store in the database of a pool. It creates the store's
// tables and functions, or migrates them to the version that this package
// knows, and deletes expired leases and unused DAGs. It returns an error if the
// configuration is invalid, if the server can't keep what a store promises, for
// example because fsync is off or it is a standby, and if a newer version of
// this package has migrated the schema.
func Open(ctx context.Context, pool *pgxpool.Pool, config Config) (*Store, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("postgres store: %w", err)
	}
	s := &Store{
		pool:      pool,
		config:    config,
		mode:      defaultExecMode(pool),
		channel:   channel(config.Schema),
		stmts:     newStatements(quote(config.Schema)),
		readConns: make(chan struct{}, config.ReadConns),
	}
	s.writes = s.newWrites(s.commit)
	s.deletes = s.newDeletes(s.commitDeletes)
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("postgres store: %w", err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.checkServer(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return busy.Retry(ctx, isBusy, func() error { // another process may open the store at the same time
		if _, err := s.pool.Exec(ctx, s.stmts.deleteExpiredLeases); err != nil {
			return err
		}
		return s.deleteUnusedDAGs(ctx)
	})
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, n store.NewSaga) error {
	if err := n.Check(); err != nil {
		return err
	}
	return wrapError(s.create(ctx, newCreate(n, s.shareDAG(n.DAG))), "create saga", n.ID)
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, a store.Append) error {
	if err := a.Check(); err != nil {
		return err
	}
	return wrapError(submit(ctx, s.writes, newAppend(a)), "append to saga", a.ID)
}

// Claim implements store.Store.
func (s *Store) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	text, args := s.stmts.claim, []any{
		c.Owner, leaseMicroseconds(c.Lease), sqlLimit(c.Limit), sqlBytes(c.Bytes), c.Queue, c.Unowned, uuids(c.Except),
	}
	if len(c.IDs) > 0 {
		text, args = s.stmts.claimIDs, append(args, uuids(c.IDs))
	}
	var records []saga.Record
	err := s.query(ctx, "claim sagas", saga.ID{}, text, args, func(rows pgx.Rows) (err error) {
		records, err = scanRecords(rows, true)
		return err
	})
	// Sorted here and not by the server, which would sort whole rows with DAGs.
	slices.SortFunc(records, func(a, b saga.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records, err
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, owner string, lease time.Duration) error {
	if owner == "" { // an unowned saga has no lease
		return ctx.Err()
	}
	return s.do(ctx, "renew leases", saga.ID{}, func() error {
		_, err := s.pool.Exec(ctx, s.stmts.renew, s.mode, owner, leaseMicroseconds(lease))
		return err
	})
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, id saga.ID, generation uint64) error {
	return s.do(ctx, "release saga", id, func() error {
		outcome := int32(-1)
		// A number above the largest int64 becomes negative here, so it matches
		// no saga.
		row := s.pool.QueryRow(ctx, s.stmts.release, s.mode, uuid(id), int64(generation), s.channel)
		switch err := row.Scan(&outcome); {
		case err != nil:
			return err
		case !isOutcome(outcome):
			return fmt.Errorf("the statement returned the unknown outcome %d", outcome)
		}
		return outcomes[outcome]
	})
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, id saga.ID) error {
	return wrapError(submit(ctx, s.deletes, newDelete(id)), "delete saga", id)
}

// do calls f, which uses one connection of the pool, as withReadConn does. It
// wraps the error with what was tried.
func (s *Store) do(ctx context.Context, what string, id saga.ID, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return wrapError(s.withReadConn(ctx, f), what, id)
}

// withReadConn calls f when fewer than Config.ReadConns connections are in use.
// It calls f again while another transaction is in its way.
func (s *Store) withReadConn(ctx context.Context, f func() error) error {
	return busy.Retry(ctx, isBusy, func() error {
		if err := s.acquireReadConn(ctx); err != nil {
			return err
		}
		defer s.releaseReadConn()
		return f()
	})
}

func (s *Store) acquireReadConn(ctx context.Context) error {
	select {
	case s.readConns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w while waiting for other calls of the store", ctx.Err())
	}
}

func (s *Store) releaseReadConn() { <-s.readConns }

// connectReader takes one of the Config.ReadConns connections from the pool.
func (s *Store) connectReader(ctx context.Context) (*pgxpool.Conn, error) {
	if err := s.acquireReadConn(ctx); err != nil {
		return nil, err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		s.releaseReadConn()
	}
	return conn, err
}
