package sqlite

import (
	"crypto/sha256"
	"sync"
)

// knownDAGs are the DAGs that a Store was given, so that it writes what many sagas have once. The zero value works.
type knownDAGs struct {
	mu     sync.Mutex
	byText map[string]*knownDAG
}

// knownDAG is a DAG, and where it is in the database.
type knownDAG struct {
	text   []byte
	digest [sha256.Size]byte
	// number is that of the row in saga_dag that has it, as far as is known, or 0. Another program may have deleted it with the last saga that had it, and
	// put another DAG there; so a statement that uses the number compares the digest. It is the writing lane's own.
	number int64
}

// How much is known at most; then it begins anew. Most programs have a few DAGs.
const (
	maxKnownDAGs  = 64
	maxKnownBytes = 64 << 10 // of each
)

// find returns what is known of a DAG, with a copy of the text.
func (d *knownDAGs) find(text []byte) *knownDAG {
	if len(text) > maxKnownBytes {
		return newKnownDAG(text)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if dag := d.byText[string(text)]; dag != nil {
		return dag
	}
	dag := newKnownDAG(text)
	if d.byText == nil || len(d.byText) == maxKnownDAGs {
		d.byText = make(map[string]*knownDAG)
	}
	d.byText[string(text)] = dag
	return dag
}

// newKnownDAG returns a DAG of which nothing is known.
func newKnownDAG(text []byte) *knownDAG {
	return &knownDAG{text: append([]byte(nil), text...), digest: sha256.Sum256(text)}
}
