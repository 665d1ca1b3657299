package store

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestMemoryKeepsEachDistinctDAGOnce(t *testing.T) {
	m := NewMemory()
	dagOf := func(text string) *byte {
		n := NewSaga{ID: saga.NewID(), Name: "s", DAG: []byte(text), State: saga.StateSucceeded}
		require.NoError(t, m.Create(t.Context(), n))
		return unsafe.StringData(m.sagas[n.ID].dag)
	}
	first := dagOf("a")
	assert.NotSame(t, first, dagOf("b"))
	assert.Same(t, first, dagOf("a"))
}
