package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// The waits between attempts while the database is locked. The first is about
// the time of a commit.
const (
	minBusyWait = time.Millisecond
	maxBusyWait = 50 * time.Millisecond
)

// retryBusy calls f until it returns something other than that the database is
// locked, or the context ends. SQLite's busy_timeout is no alternative: it
// ignores the context, and is for the program to set.
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

// isBusy reports whether err is SQLITE_BUSY or SQLITE_LOCKED. It compares
// SQLite's texts for them, since each driver has its own error type and all
// drivers keep the text.
func isBusy(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked")
}
