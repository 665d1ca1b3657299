package gen

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDocsQuoteTheExample asserts that all Go code in docs/generated-code.md is
// in examples/trip, in the source or in the generated file.
func TestDocsQuoteTheExample(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	example := read("../examples/trip/service.go") + read("../examples/trip/trip_saga_gen.go")
	blocks := strings.Split(read("../docs/generated-code.md"), "```go\n")[1:]
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		code, _, closed := strings.Cut(block, "```")
		require.True(t, closed)
		assert.Contains(t, example, code)
	}
}
