// Package busy waits while a database is busy with the transactions of others.
package busy

import (
	"context"
	"fmt"
	"time"
)

// The waits between attempts. The first is about the time of a commit, and each
// is twice as long as the one before, up to the maximum.
const (
	MinWait = time.Millisecond
	MaxWait = 50 * time.Millisecond
)

// Retry calls f until f returns nil or an error that isBusy rejects, and
// returns that. If ctx ends first, the error wraps those of ctx and of the last
// call of f.
func Retry(ctx context.Context, isBusy func(error) bool, f func() error) error {
	for wait := MinWait; ; wait = min(2*wait, MaxWait) {
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
