package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// isRefusal reports whether err is one of those that a Store is to return.
func isRefusal(err error) bool {
	for _, refusal := range []error{store.ErrExists, store.ErrNotFound, store.ErrNotFinal, store.ErrFenced, store.ErrSequence} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// explain adds to an error what was tried, unless it is a refusal.
func explain(err error, what string, id saga.ID) error {
	switch {
	case err == nil || isRefusal(err):
		return err
	case id.IsZero():
		return fmt.Errorf("sqlite store: %s: %w", what, err)
	}
	return fmt.Errorf("sqlite store: %s %s: %w", what, id, err)
}

// refusal returns why an append was not made.
func refusal(tx *transaction, id saga.ID, generation uint64) error {
	var owned int64
	err := tx.stmt(readGeneration).QueryRow(id[:]).Scan(&owned)
	switch {
	case err == sql.ErrNoRows:
		return store.ErrNotFound
	case err != nil:
		return err
	case owned != int64(generation):
		return store.ErrFenced
	}
	return store.ErrSequence
}
