package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPrefixOfACommandIsItsFolder(t *testing.T) {
	for dir, want := range map[string]string{
		"/src/trip":      "trip",
		"/src/book-trip": "book_trip",
		"/src/2fast":     "main2fast",
		"/src/_hidden":   "hidden",
		"/":              "main",
	} {
		assert.Equal(t, want, Prefix("main", dir), dir)
	}
	assert.Equal(t, "order", Prefix("order", "/src/book-trip"))
}
