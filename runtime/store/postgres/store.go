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
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/dags"
)

// Store is a store.Store in a PostgreSQL database. There is nothing to close but the pool.
type Store struct {
	pool    *pgxpool.Pool
	config  Config
	mode    pgx.QueryExecMode
	channel string // where it is told that there is something to look for
	stmts   statements
	writes  *group // creates and appends
	deletes *group // beside them, as one may take long
	dags    dags.Known
	// others holds a token for each connection that isn't a writer's.
	others chan struct{}
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watcher = (*Store)(nil)
)

// Open returns the store in that database. It creates its tables, or migrates them to the version that
// this package knows. It returns an error if the server can't keep what a store promises.
func Open(ctx context.Context, pool *pgxpool.Pool, config Config) (*Store, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("postgres store: %w", err)
	}
	s := &Store{
		pool:    pool,
		config:  config,
		mode:    execMode(pool),
		channel: channel(config.Schema),
		stmts:   newStatements(quote(config.Schema)),
		others:  make(chan struct{}, config.Others),
	}
	s.writes = &group{limit: config.Writers, connect: s.connectWriter, commit: s.commit, underWay: map[saga.ID]bool{}}
	s.deletes = &group{limit: 1, connect: s.connectOther, commit: s.commitDeletes, underWay: map[saga.ID]bool{}}
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
	return retryBusy(ctx, func() error { // others may start at the same time
		if _, err := s.pool.Exec(ctx, s.stmts.forgetLeases); err != nil {
			return err
		}
		return s.forgetDAGs(ctx)
	})
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, n store.NewSaga) error {
	if err := n.Check(); err != nil {
		return err
	}
	return explain(s.create(ctx, newCreate(n, s.share(n.DAG))), "create saga", n.ID)
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, a store.Append) error {
	if err := a.Check(); err != nil {
		return err
	}
	return explain(s.writes.do(ctx, newAppend(a)), "append to saga", a.ID)
}

// Claim implements store.Store.
func (s *Store) Claim(ctx context.Context, c store.Claim) ([]store.Record, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	text, args := s.stmts.claim, []any{c.Owner, leaseMicroseconds(c.Lease), sqlLimit(c.Limit), sqlBytes(c.Bytes), c.Queue, c.Unowned, uuids(c.Except)}
	if len(c.IDs) > 0 {
		text, args = s.stmts.claimIDs, append(args, uuids(c.IDs))
	}
	var records []store.Record
	err := s.query(ctx, "claim sagas", saga.ID{}, text, args, func(rows pgx.Rows) (err error) {
		records, err = scanRecords(rows, true)
		return err
	})
	// Here and not there, where each row has its DAG by then.
	slices.SortFunc(records, func(a, b store.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records, err
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, owner string, lease time.Duration) error {
	if owner == "" { // what nobody owns has no lease
		return ctx.Err()
	}
	return s.call(ctx, "renew leases", saga.ID{}, func() error {
		_, err := s.pool.Exec(ctx, s.stmts.renew, s.mode, owner, leaseMicroseconds(lease))
		return err
	})
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, id saga.ID, generation uint64) error {
	return s.call(ctx, "release saga", id, func() error {
		outcome := int32(-1)
		// A number above the largest int64 becomes negative here, and so is no saga's.
		err := s.pool.QueryRow(ctx, s.stmts.release, s.mode, uuid(id), int64(generation), s.channel).Scan(&outcome)
		switch {
		case err != nil:
			return err
		case !isOutcome(outcome):
			return fmt.Errorf("the statement returns %d, which is no outcome", outcome)
		}
		return outcomes[outcome]
	})
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, id saga.ID) error {
	return explain(s.deletes.do(ctx, newDelete(id)), "delete saga", id)
}

// call does what needs one connection, when fewer than Config.Others are in use, until no other transaction is in its way.
func (s *Store) call(ctx context.Context, what string, id saga.ID, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return explain(s.withOther(ctx, f), what, id)
}

// withOther does so without saying what was tried.
func (s *Store) withOther(ctx context.Context, f func() error) error {
	return retryBusy(ctx, func() error {
		if err := s.waitForOthers(ctx); err != nil {
			return err
		}
		defer s.leaveOthers()
		return f()
	})
}

func (s *Store) waitForOthers(ctx context.Context) error {
	select {
	case s.others <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w while waiting for the store's other calls", ctx.Err())
	}
}

func (s *Store) leaveOthers() { <-s.others }

// connectWriter returns a connection from the pool.
func (s *Store) connectWriter(ctx context.Context) (*pgxpool.Conn, func(), error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	return conn, conn.Release, nil
}

// connectOther returns one that counts as one of Config.Others.
func (s *Store) connectOther(ctx context.Context) (*pgxpool.Conn, func(), error) {
	if err := s.waitForOthers(ctx); err != nil {
		return nil, nil, err
	}
	conn, release, err := s.connectWriter(ctx)
	if err != nil {
		s.leaveOthers()
		return nil, nil, err
	}
	return conn, func() { release(); s.leaveOthers() }, nil
}
