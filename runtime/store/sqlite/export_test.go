package sqlite

import (
	"context"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// ClaimUnchecked claims without reading first whether there is anything to
// claim.
func (s *Store) ClaimUnchecked(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	return s.claim(ctx, c)
}

// Waiting returns the number of writes that wait for a transaction.
func (s *Store) Waiting() int { return s.writes.Stats().Waiting }

// Running reports whether the goroutine that writes runs.
func (s *Store) Running() bool { return s.writes.Stats().Workers > 0 }
