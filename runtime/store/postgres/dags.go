package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/sagagen/sagagen/runtime/store/internal/dags"
)

// errNoDAG means that a saga wasn't created, as the DAG that it shares isn't there.
var errNoDAG = errors.New("the saga's DAG is not in the database")

// share returns the DAG that a saga has in common with others, or nil if it is the first that this store is given. What only one has, encrypted ones say, is
// written with the saga itself, and deleted with it.
func (s *Store) share(text []byte) *dags.DAG {
	if dag, again := s.dags.Find(text); again {
		return dag
	}
	return nil
}

// create writes a saga, and before that the DAG that it shares, if it turns out to be missing.
func (s *Store) create(ctx context.Context, e *entry) error {
	for {
		err := s.writes.do(ctx, e)
		if !errors.Is(err, errNoDAG) {
			return err
		}
		if err := s.putDAG(ctx, e.shared); err != nil {
			return err
		}
	}
}

// putDAG writes a DAG, unless it is there.
func (s *Store) putDAG(ctx context.Context, dag *dags.DAG) error {
	return s.withOther(ctx, func() error {
		_, err := s.pool.Exec(ctx, s.stmts.putDAG, s.mode, dag.Digest[:], dag.Text)
		return err
	})
}

// forgetDAGs deletes the DAGs that no saga has any more.
func (s *Store) forgetDAGs(ctx context.Context) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, s.stmts.forgetDAGs, s.mode)
		return err
	})
}
