package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/dags"
	"github.com/sagagen/sagagen/runtime/store/internal/packed"
)

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, n store.NewSaga) error {
	if err := n.Check(); err != nil {
		return err
	}
	dag, _ := s.dags.Find(n.DAG)
	c := &creation{NewSaga: n, dag: dag, params: bytes.Clone(n.Params), events: packed.Of(n.Events), count: int64(len(n.Events))}
	c.NewSaga.DAG, c.NewSaga.Params, c.NewSaga.Events = nil, nil, nil // they are the caller's, who may have gone when it is written
	return s.write(ctx, "create saga", n.ID, len(c.dag.Text)+len(c.params)+len(c.events), c.write)
}

// creation is what a Create writes.
type creation struct {
	store.NewSaga // without what is in the others
	// dag has the number of the row in saga_dag that has it, as far as is known, or 0. Another program may have deleted it with the last saga that had it,
	// and put another DAG there; so a statement that uses the number compares the digest. The number is the writing lane's own.
	dag    *dags.DAG
	params []byte
	events packed.Events
	count  int64
}

// write is the operation. Mostly the DAG is there. It is put there after the record has turned out to be missing, so that what comes to
// nothing leaves none behind.
func (c *creation) write(tx *transaction) error {
	now := time.Now()
	created, err := c.record(tx, now)
	if err == nil && created == 0 {
		if err := tx.stmt(readGeneration).QueryRow(c.ID[:]).Scan(new(int64)); err != sql.ErrNoRows {
			if err == nil {
				err = store.ErrExists
			}
			return err
		}
		if c.dag.Number, err = tx.insert(createDAG, c.dag.Digest[:], c.dag.Text); err == nil {
			created, err = c.record(tx, now)
		}
	}
	switch {
	case err != nil:
		return err
	case created == 0:
		return errors.New("the record is refused, though there is none of that ID, and its DAG is there")
	}
	return nil
}

// record writes the record, and returns 0 if there is one, or if the DAG isn't there.
func (c *creation) record(tx *transaction, now time.Time) (created int64, err error) {
	end := int64(0)
	if c.Owner != "" {
		end = leaseEnd(now, c.Lease)
	}
	return tx.exec(createRecord, c.ID[:], string(c.Name), int64(c.State), c.Queue, c.Owner, c.count, end, now.UnixMicro(), c.dag.Number, c.dag.Digest[:], c.params, []byte(c.events))
}
