package sqlite

import (
	"context"
	"database/sql"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, id saga.ID) error {
	return s.write(ctx, "delete saga", id, 0, func(tx *transaction) error {
		var dag int64
		err := tx.stmt(deleteRecord).QueryRow(id[:]).Scan(&dag)
		switch {
		case err == sql.ErrNoRows:
			return deleteError(tx, id)
		case err != nil:
			return err
		}
		if _, err := tx.exec(deleteLog, id[:]); err != nil {
			return err
		}
		_, err = tx.exec(deleteDAG, dag)
		return err
	})
}

// deleteError returns why a delete has changed nothing.
func deleteError(tx *transaction, id saga.ID) error {
	err := tx.stmt(loadGeneration).QueryRow(id[:]).Scan(new(int64))
	switch err {
	case nil:
		return store.ErrNotFinal
	case sql.ErrNoRows:
		return store.ErrNotFound
	}
	return err
}
