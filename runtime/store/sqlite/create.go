package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/eventcodec"
)

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, n store.NewSaga) error {
	if err := n.Check(); err != nil {
		return err
	}
	dag, cached := s.dags.Get(n.DAG)
	if !cached {
		dag, _ = s.dags.Add(string(n.DAG), newSharedDAG(n.DAG))
	}
	c := &creation{
		NewSaga: n, dag: dag, params: bytes.Clone(n.Params),
		events: eventcodec.Encode(n.Events), count: int64(len(n.Events)),
	}
	// The caller may reuse them before they are written.
	c.NewSaga.DAG, c.NewSaga.Params, c.NewSaga.Events = nil, nil, nil
	return s.write(ctx, "create saga", n.ID, len(c.dag.text)+len(c.params)+len(c.events), c.write)
}

// creation is the operation of a Create.
type creation struct {
	store.NewSaga // without DAG, Params and Events
	dag           *sharedDAG
	params        []byte
	events        []byte
	count         int64
}

// sharedDAG is a DAG that several sagas may have.
type sharedDAG struct {
	text   []byte
	digest [sha256.Size]byte
	// rowID is the ID of the row in saga_dag, as far as it is known, or 0. It
	// may be stale: another program may have deleted that DAG with its last
	// saga, and the ID may belong to another DAG. So a statement that uses the
	// ID compares the digest too. Only operations of Store.writes use rowID.
	rowID int64
}

// newSharedDAG returns the DAG with a copy of the text.
func newSharedDAG(text []byte) *sharedDAG {
	return &sharedDAG{text: bytes.Clone(text), digest: sha256.Sum256(text)}
}

// write inserts the record, and the DAG if the database doesn't have it, which
// is rare. It inserts the DAG only after it has found that the saga doesn't
// exist. So a Create that returns ErrExists leaves no DAG behind.
func (c *creation) write(tx *transaction) error {
	now := time.Now()
	created, err := c.insertRecord(tx, now)
	if err == nil && created == 0 {
		if err := tx.stmt(loadGeneration).QueryRow(c.ID[:]).Scan(new(int64)); err != sql.ErrNoRows {
			if err == nil {
				err = store.ErrExists
			}
			return err
		}
		if c.dag.rowID, err = tx.insert(insertDAG, c.dag.digest[:], c.dag.text); err == nil {
			created, err = c.insertRecord(tx, now)
		}
	}
	switch {
	case err != nil:
		return err
	case created == 0:
		return errors.New("the database ignores the new record, though the ID is unused and the DAG exists")
	}
	return nil
}

// insertRecord inserts the record. It returns 0 if the record exists, or the
// DAG doesn't.
func (c *creation) insertRecord(tx *transaction, now time.Time) (created int64, err error) {
	end := int64(0)
	if c.Owner != "" {
		end = leaseEnd(now, c.Lease)
	}
	return tx.exec(insertRecord, c.ID[:], string(c.Name), int64(c.State), c.Queue, c.Owner, c.count,
		end, now.UnixMicro(), c.dag.rowID, c.dag.digest[:], c.params, c.events)
}
