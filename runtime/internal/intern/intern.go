// Package intern remembers the DAGs that a program has seen. Most programs have
// a few, and each belongs to many sagas. So a database stores a DAG once, a
// memory store keeps it once, and a coordinator decodes it once.
package intern

import "sync"

// Cache maps encoded DAGs to values that were made of them. It is bounded. Its
// zero value is empty and ready to use. It is safe for concurrent use.
type Cache[V any] struct {
	mu     sync.Mutex
	byText map[string]V
}

// Limits of a Cache. When the cache is full, an arbitrary DAG makes room for
// the next.
const (
	maxDAGs  = 64
	maxBytes = 64 << 10 // of one DAG; a larger one is not cached
)

// Get returns the value of the DAG with this text, and whether it is cached.
func (c *Cache[V]) Get(text []byte) (v V, cached bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, cached = c.byText[string(text)]
	return v, cached
}

// Add caches a value, unless another goroutine has cached one for this text
// since Get. It returns the cached value, and whether it is that other one.
func (c *Cache[V]) Add(text string, v V) (cached V, other bool) {
	if len(text) > maxBytes {
		return v, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cached, other = c.byText[text]; other {
		return cached, true
	}
	if c.byText == nil {
		c.byText = make(map[string]V)
	}
	if len(c.byText) == maxDAGs {
		for evicted := range c.byText {
			delete(c.byText, evicted)
			break
		}
	}
	c.byText[text] = v
	return v, false
}
