package sqlite

import (
	"context"

	"github.com/sagagen/sagagen/runtime/store"
)

// Take claims without looking first whether there is anything.
func (s *Store) Take(ctx context.Context, c store.Claim) ([]store.Record, error) {
	return s.take(ctx, c)
}

// Waiting returns how many writes wait for a transaction.
func (s *Store) Waiting() int {
	s.writes.mu.Lock()
	defer s.writes.mu.Unlock()
	return len(s.writes.queue)
}

// Running reports whether there is a goroutine of the store's.
func (s *Store) Running() bool {
	s.writes.mu.Lock()
	defer s.writes.mu.Unlock()
	return s.writes.running
}
