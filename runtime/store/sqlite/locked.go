package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// The waits between attempts when the database is locked. The first is about as long as a commit takes.
const (
	minLockWait = time.Millisecond
	maxLockWait = 50 * time.Millisecond
)

// retryLocked calls f until it returns something else than that the database is locked, or the
// context ends. It is used instead of SQLite's busy_timeout, which doesn't heed the context, and is for the program to set.
func retryLocked(ctx context.Context, f func() error) error {
	for wait := minLockWait; ; wait = min(2*wait, maxLockWait) {
		err := f()
		if !isLocked(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting: %w", ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// isLocked reports whether err is SQLITE_BUSY or SQLITE_LOCKED, by SQLite's texts for them: each driver has
// another type for its errors, and all keep the text.
func isLocked(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked")
}
