package intern

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDAGIsCachedWhenItComesAgain(t *testing.T) {
	var cache Cache
	text := []byte(`{"dag":1}`)
	first, cached := cache.Intern(text)
	assert.False(t, cached)
	assert.Equal(t, &DAG{Text: []byte(`{"dag":1}`), Digest: sha256.Sum256([]byte(`{"dag":1}`))}, first)
	text[0] = 'x' // the text belongs to the caller
	second, cached := cache.Intern([]byte(`{"dag":1}`))
	assert.True(t, cached)
	assert.Same(t, first, second)
	other, cached := cache.Intern(text)
	assert.False(t, cached)
	assert.NotSame(t, first, other)
}

// A program may build a DAG for each saga, of any size.
func TestCacheIsBounded(t *testing.T) {
	var cache Cache
	for i := range 1000 {
		_, cached := cache.Intern(fmt.Append(nil, i))
		assert.False(t, cached)
		assert.LessOrEqual(t, len(cache.byText), maxDAGs)
	}
	hits := 0
	for i := range 100 * (maxDAGs + 1) { // in turn, one more than the cache holds
		if _, cached := cache.Intern(fmt.Append(nil, i%(maxDAGs+1))); cached {
			hits++
		}
	}
	assert.Greater(t, hits, 50*maxDAGs)
	large := bytes.Repeat([]byte("x"), maxBytes+1)
	for range 2 {
		dag, cached := cache.Intern(large)
		assert.False(t, cached)
		assert.Equal(t, &DAG{Text: large, Digest: sha256.Sum256(large)}, dag)
	}
}
