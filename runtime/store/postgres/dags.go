package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"

	"github.com/jackc/pgx/v5"
)

// errDAGMissing means that a saga wasn't created, since the shared DAG that it
// refers to isn't in the database.
var errDAGMissing = errors.New("the saga's DAG is not in the database")

// sharedDAG is a DAG that several sagas have.
type sharedDAG struct {
	text   []byte
	digest [sha256.Size]byte
}

// newSharedDAG returns the DAG with a copy of the text.
func newSharedDAG(text []byte) *sharedDAG {
	return &sharedDAG{text: bytes.Clone(text), digest: sha256.Sum256(text)}
}

// shareDAG returns the DAG that a saga shares with others, or nil if the store
// was not given this DAG before. A DAG of a single saga, for example an
// encrypted one, is written with the saga and deleted with it.
func (s *Store) shareDAG(text []byte) *sharedDAG {
	dag, cached := s.dags.Get(text)
	if !cached {
		dag, cached = s.dags.Add(string(text), newSharedDAG(text))
	}
	if !cached {
		return nil
	}
	return dag
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
func (s *Store) insertDAG(ctx context.Context, dag *sharedDAG) error {
	return s.withReadConn(ctx, func() error {
		_, err := s.pool.Exec(ctx, s.stmts.insertDAG, s.mode, dag.digest[:], dag.text)
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
