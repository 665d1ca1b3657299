package dags

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDAGIsKnownTheSecondTime(t *testing.T) {
	var known Known
	text := []byte(`{"dag":1}`)
	first, again := known.Find(text)
	assert.False(t, again)
	assert.Equal(t, &DAG{Text: []byte(`{"dag":1}`), Digest: sha256.Sum256([]byte(`{"dag":1}`))}, first)
	text[0] = 'x' // the caller's own
	second, again := known.Find([]byte(`{"dag":1}`))
	assert.True(t, again)
	assert.Same(t, first, second)
	other, again := known.Find(text)
	assert.False(t, again)
	assert.NotSame(t, first, other)
}

// A program may make a DAG for each saga, as large as it likes.
func TestManyDAGsAreNotAllKnown(t *testing.T) {
	var known Known
	for i := range 1000 {
		_, again := known.Find(fmt.Append(nil, i))
		assert.False(t, again)
		assert.LessOrEqual(t, len(known.byText), maxKnown)
	}
	again := 0
	for i := range 100 * (maxKnown + 1) { // in turns, one more than are known
		if _, known := known.Find(fmt.Append(nil, i%(maxKnown+1))); known {
			again++
		}
	}
	assert.Greater(t, again, 50*maxKnown)
	large := bytes.Repeat([]byte("x"), maxBytes+1)
	for range 2 {
		dag, again := known.Find(large)
		assert.False(t, again)
		assert.Equal(t, &DAG{Text: large, Digest: sha256.Sum256(large)}, dag)
	}
}
