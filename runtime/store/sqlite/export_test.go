package sqlite

import (
	"context"

	"github.com/sagagen/sagagen/runtime/store"
)

// ClaimUnchecked claims without reading first whether there is anything to
// claim.
func (s *Store) ClaimUnchecked(ctx context.Context, c store.Claim) ([]store.Record, error) {
	return s.claim(ctx, c)
}

// Waiting returns the number of writes that wait for a transaction.
func (s *Store) Waiting() int {
	s.writes.mu.Lock()
	defer s.writes.mu.Unlock()
	return len(s.writes.queue)
}

// Running reports whether the goroutine that writes runs.
func (s *Store) Running() bool {
	s.writes.mu.Lock()
	defer s.writes.mu.Unlock()
	return s.writes.running
}
