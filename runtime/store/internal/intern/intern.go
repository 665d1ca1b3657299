// Package intern remembers the DAGs that a store was given. It lets a database
// store keep a DAG once that many sagas have.
package intern

import (
	"bytes"
	"crypto/sha256"
	"sync"
)

// Cache is a bounded cache of DAGs. Its zero value is empty and ready to use.
// It is safe for concurrent use.
type Cache struct {
	mu     sync.Mutex
	byText map[string]*DAG
}

// DAG is an encoded DAG that a store was given, possibly for several sagas.
type DAG struct {
	Text   []byte
	Digest [sha256.Size]byte
	// RowID is for the store, which may note here the row that has the DAG. The
	// cache does not guard it: the store synchronizes its reads and writes.
	RowID int64
}

// Limits of a Cache. Most programs have a few DAGs. When the cache is full, an
// arbitrary DAG makes room for the next.
const (
	maxDAGs  = 64
	maxBytes = 64 << 10 // of one DAG; a larger one is not cached
)

// Intern returns the cached DAG with this text and true, or a new one with a
// copy of the text and false. It may return false for a text that it was given
// before, since the cache is bounded.
func (c *Cache) Intern(text []byte) (dag *DAG, cached bool) {
	if len(text) > maxBytes {
		return newDAG(text), false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if dag := c.byText[string(text)]; dag != nil {
		return dag, true
	}
	dag = newDAG(text)
	if c.byText == nil {
		c.byText = make(map[string]*DAG)
	}
	if len(c.byText) == maxDAGs {
		for evicted := range c.byText {
			delete(c.byText, evicted)
			break
		}
	}
	c.byText[string(text)] = dag
	return dag, false
}

func newDAG(text []byte) *DAG {
	return &DAG{Text: bytes.Clone(text), Digest: sha256.Sum256(text)}
}
