package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// isStoreError reports whether err is one of the errors that package store
// specifies for a write. An operation that returns one has changed nothing.
func isStoreError(err error) bool {
	for _, specified := range []error{
		store.ErrExists, store.ErrNotFound, store.ErrNotFinal, store.ErrFenced, store.ErrSequence,
	} {
		if errors.Is(err, specified) {
			return true
		}
	}
	return false
}

// wrapError adds to an error what was tried, unless it is a store error.
func wrapError(err error, what string, id saga.ID) error {
	switch {
	case err == nil || isStoreError(err):
		return err
	case id.IsZero():
		return fmt.Errorf("sqlite store: %s: %w", what, err)
	}
	return fmt.Errorf("sqlite store: %s %s: %w", what, id, err)
}

// appendError returns why an append of that generation has changed nothing.
func appendError(tx *transaction, id saga.ID, generation uint64) error {
	var current int64
	err := tx.stmt(loadGeneration).QueryRow(id[:]).Scan(&current)
	switch {
	case err == sql.ErrNoRows:
		return store.ErrNotFound
	case err != nil:
		return err
	case current != int64(generation):
		return store.ErrFenced
	}
	return store.ErrSequence
}

// isBusy reports whether err is SQLITE_BUSY or SQLITE_LOCKED. It compares
// SQLite's texts for them, since each driver has its own error type and all
// drivers keep the text. SQLite's busy_timeout is no alternative to waiting
// here: it ignores the context, and is for the program to set.
func isBusy(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked")
}
