// Package dags knows the DAGs that a store was given, so that a database has once what many sagas have.
package dags

import (
	"bytes"
	"crypto/sha256"
	"sync"
)

// Known are the DAGs that a store was given. The zero value works, for any number of goroutines.
type Known struct {
	mu     sync.Mutex
	byText map[string]*DAG
}

// DAG is one that a store was given, maybe for several sagas.
type DAG struct {
	Text   []byte
	Digest [sha256.Size]byte
	// Number is the store's own: where the DAG is in the database, say. Whoever reads and writes it takes care of the order.
	Number int64
}

// How much is known at most; then one, whichever, makes room for the next. Most programs have a few DAGs.
const (
	maxKnown = 64
	maxBytes = 64 << 10 // of each
)

// Find returns what is known of a DAG, with a copy of the text, and whether the store was given it before, as far as is known.
func (k *Known) Find(text []byte) (dag *DAG, again bool) {
	if len(text) > maxBytes {
		return newDAG(text), false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if dag := k.byText[string(text)]; dag != nil {
		return dag, true
	}
	dag = newDAG(text)
	if k.byText == nil {
		k.byText = make(map[string]*DAG)
	}
	if len(k.byText) == maxKnown {
		for some := range k.byText {
			delete(k.byText, some)
			break
		}
	}
	k.byText[string(text)] = dag
	return dag, false
}

func newDAG(text []byte) *DAG {
	return &DAG{Text: bytes.Clone(text), Digest: sha256.Sum256(text)}
}
