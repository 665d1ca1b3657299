package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/sagagen/sagagen/runtime/store/internal/intern"
)

// errDAGMissing means that a saga wasn't created, since the shared DAG that it
// refers to isn't in the database.
var errDAGMissing = errors.New("the saga's DAG is not in the database")

// sharedDAG returns the DAG that a saga shares with others, or nil if the store
// was not given this DAG before. A DAG of a single saga, for example an
// encrypted one, is written with the saga and deleted with it.
func (s *Store) sharedDAG(text []byte) *intern.DAG {
	if dag, cached := s.dags.Intern(text); cached {
		return dag
	}
	return nil
}

// create writes a saga. If its shared DAG is missing, create first writes the
// DAG.
func (s *Store) create(ctx context.Context, e *entry) error {
	for {
		err := submit(ctx, s.writes, e)
		if !errors.Is(err, errDAGMissing) {
			return err
		}
		if err := s.insertDAG(ctx, e.shared); err != nil {
			return err
		}
	}
}

// insertDAG writes a DAG unless the database has it.
func (s *Store) insertDAG(ctx context.Context, dag *intern.DAG) error {
	return s.withReadConn(ctx, func() error {
		_, err := s.pool.Exec(ctx, s.stmts.insertDAG, s.mode, dag.Digest[:], dag.Text)
		return err
	})
}

// deleteUnusedDAGs deletes the shared DAGs that no saga uses.
func (s *Store) deleteUnusedDAGs(ctx context.Context) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, s.stmts.deleteUnusedDAGs, s.mode)
		return err
	})
}
