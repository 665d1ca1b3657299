package intern

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCacheKeepsTheFirstValueOfAText(t *testing.T) {
	var cache Cache[int]
	text := []byte("a")
	_, cached := cache.Get(text)
	assert.False(t, cached)
	v, other := cache.Add("a", 1)
	assert.Equal(t, 1, v)
	assert.False(t, other)
	v, other = cache.Add("a", 2)
	assert.Equal(t, 1, v)
	assert.True(t, other)
	v, cached = cache.Get(text)
	assert.Equal(t, 1, v)
	assert.True(t, cached)
	_, cached = cache.Get([]byte("b"))
	assert.False(t, cached)
}

// A program may build a DAG for each saga, of any size.
func TestCacheIsBounded(t *testing.T) {
	var cache Cache[int]
	get := func(text string) bool {
		_, cached := cache.Get([]byte(text))
		if !cached {
			_, other := cache.Add(text, 0)
			assert.False(t, other)
		}
		assert.LessOrEqual(t, len(cache.byText), maxDAGs)
		return cached
	}
	for i := range 1000 {
		assert.False(t, get(fmt.Sprint(i)))
	}
	hits := 0
	for i := range 100 * (maxDAGs + 1) { // in turn, one more than the cache holds
		if get(fmt.Sprint(i % (maxDAGs + 1))) {
			hits++
		}
	}
	assert.Greater(t, hits, 50*maxDAGs)
	for range 2 {
		assert.False(t, get(strings.Repeat("x", maxBytes+1)))
	}
}
