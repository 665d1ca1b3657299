package fairsem

import "sync"

// Set holds a semaphore for each name, which it makes at the first Get. The
// zero value is ready to use. A Set is safe for concurrent use: the lock guards
// all fields.
type Set[N, K comparable] struct {
	mu     sync.Mutex
	byName map[N]*Semaphore[K]
}

// Get returns the semaphore of a name. It is nil if limit is not positive. The
// limit must be the same for all calls with one name.
func (s *Set[N, K]) Get(name N, limit int) *Semaphore[K] {
	if limit <= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName == nil {
		s.byName = map[N]*Semaphore[K]{}
	}
	if s.byName[name] == nil {
		s.byName[name] = New[K](limit)
	}
	return s.byName[name]
}
