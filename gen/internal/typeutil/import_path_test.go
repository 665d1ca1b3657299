package typeutil

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMayImport(t *testing.T) {
	for path, may := range map[string]bool{
		"example.com/a":                     true,
		"example.com/a/internal":            true,
		"example.com/a/internal/x":          true,
		"example.com/a/b/internal/x/y":      true,
		"example.com/a/c/internal/x":        false,
		"example.com/a/internal/x/internal": false,
		"example.com/internal/x":            true,
		"other.com/internal/x":              false,
		"other.com/internals/x":             true,
		"internal/abi":                      false,
	} {
		assert.Equal(t, may, MayImport("example.com/a/b", path), path)
	}
}
