package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// errBusy means that another transaction has locked what was to be changed, and nothing was changed.
var errBusy = errors.New("another transaction has locked the saga")

// The waits between attempts when another transaction is in the way. The first is about as long as a commit takes.
const (
	minBusyWait = time.Millisecond
	maxBusyWait = 50 * time.Millisecond
)

// retryBusy calls f until no other transaction is in its way, or the context ends.
func retryBusy(ctx context.Context, f func() error) error {
	for wait := minBusyWait; ; wait = min(2*wait, maxBusyWait) {
		err := f()
		if !isBusy(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting: %w", ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// isBusy reports whether err says that another transaction was in the way, and that nothing was changed.
func isBusy(err error) bool {
	if errors.Is(err, errBusy) {
		return true
	}
	class, code := errorCode(err)
	return class == "40" && code != "40003" || // serialization failures and deadlocks; but not "statement completion unknown"
		code == "55P03" // lock_not_available, if lock_timeout is set
}

// isRefusal reports whether err is the server's, about what the statement was to do, and not about
// the state of the server or the connection. The transaction was rolled back, and a part of it may succeed.
func isRefusal(err error) bool {
	class, _ := errorCode(err)
	switch class {
	case "22", "23", "54": // data exceptions, constraints, limits
		return true
	}
	return isBusy(err)
}

// errorCode returns the SQLSTATE of a server's error, and the class of it.
func errorCode(err error) (class, code string) {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok && len(failure.Code) == 5 {
		return failure.Code[:2], failure.Code
	}
	return "", ""
}

// explain adds to an error what was tried, unless it is one of those that a Store is to return.
func explain(err error, what string, id saga.ID) error {
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
