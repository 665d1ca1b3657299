package sqlite

// Waiting returns how many writes wait for a transaction.
func (s *Store) Waiting() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.queue)
}

// Running reports whether there is a goroutine of the store's.
func (s *Store) Running() bool {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return s.writer.running
}
