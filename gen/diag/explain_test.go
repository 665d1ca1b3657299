package diag

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSuggestCode(t *testing.T) {
	for text, want := range map[string]Code{
		"SG12": CodeDetached, "12": CodeDetached, "SG0012": CodeDetached, "GS012": CodeDetached, "SG99": "", "blank": "", "": "",
		"SG-012": CodeDetached,
	} {
		got, _ := SuggestCode(text)
		assert.Equal(t, want, got, text)
	}
}

func TestExplanationIsWrapped(t *testing.T) {
	e, ok := Explain(CodeDetached)
	require.True(t, ok)
	text := e.Text()
	assert.True(t, strings.HasPrefix(text, "SG012: "), text)
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "    ") {
			assert.LessOrEqual(t, len(line), 81, line)
		}
	}
	_, ok = Explain("SG999")
	assert.False(t, ok)
}
