package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

func TestMemoryKeepsEachDistinctDAGOnce(t *testing.T) {
	m := NewMemory()
	var ids []saga.ID
	for _, dag := range []string{"a", "b", "a", "a"} {
		n := NewSaga{ID: saga.NewID(), Name: "s", DAG: []byte(dag), State: saga.StateSucceeded}
		require.NoError(t, m.Create(t.Context(), n))
		ids = append(ids, n.ID)
	}
	assert.Same(t, m.sagas[ids[0]].dag, m.sagas[ids[2]].dag)
	for i, left := range []int{2, 1, 1, 0} {
		require.NoError(t, m.Delete(t.Context(), ids[i]))
		assert.Len(t, m.dags, left)
	}
}
