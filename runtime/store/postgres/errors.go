package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// errBusy means that another transaction has locked the saga, and that nothing
// was changed.
var errBusy = errors.New("another transaction has locked the saga")

// isBusy reports whether err says that another transaction was in the way, and
// that nothing was changed.
func isBusy(err error) bool {
	if errors.Is(err, errBusy) {
		return true
	}
	class, code := errorCode(err)
	// Class 40 is serialization failures and deadlocks, but 40003 is "statement
	// completion unknown". 55P03 is lock_not_available, if lock_timeout is set.
	return class == "40" && code != "40003" || code == "55P03"
}

// isRejected reports whether the server has rejected a statement because of its
// data or of other transactions, not because of the state of the server or the
// connection. The transaction was rolled back. Parts of the batch may succeed.
func isRejected(err error) bool {
	class, _ := errorCode(err)
	switch class {
	case "22", "23", "54": // data exceptions, constraints, limits
		return true
	}
	return isBusy(err)
}

// errorCode returns the SQLSTATE of an error of the server, and its class.
func errorCode(err error) (class, code string) {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && len(pgErr.Code) == 5 {
		return pgErr.Code[:2], pgErr.Code
	}
	return "", ""
}

// wrapError adds to an error what was tried, unless it is one of the errors
// that package store specifies.
func wrapError(err error, what string, id saga.ID) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrNotFinal),
		errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrSequence):
		return err
	case id.IsZero():
		return fmt.Errorf("postgres store: %s: %w", what, err)
	}
	return fmt.Errorf("postgres store: %s %s: %w", what, id, err)
}
