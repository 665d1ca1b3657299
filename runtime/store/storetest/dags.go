package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var dagPromises = []promise{
	{
		name:  "are returned for the right saga, shared or not",
		check: dagsAreReturnedForRightSaga,
		quotes: []string{
			"DAG and Params are the two parts of a saga.SagaDAG. DAG is required. Many sagas have equal DAGs, and a " +
				"store may keep each distinct DAG only once.",
		},
	},
	{
		name:  "can be stored again after the last saga with them is deleted",
		check: dagsCanBeStoredAgain,
	},
	{
		name:  "are not changed by a Create that returns ErrExists",
		check: dagsAreNotChangedByFailedCreate,
	},
	{
		name:  "may come without parameters",
		check: dagsMayComeWithoutParameters,
	},
	{
		name:  "keep their parameters after an append",
		check: dagsKeepTheirParametersAfterAppend,
	},
}

func dagsAreReturnedForRightSaga(t *testing.T, s store.Store) {
	var sagas []store.NewSaga
	for i := range 12 {
		n := newSagaIn(saga.StateSucceeded)
		n.DAG = fmt.Appendf(nil, `{"dag":%d,"filler":%q}`, i%3, strings.Repeat("x", 3000*(i%3)))
		n.Params = fmt.Appendf(nil, `{"saga":%d}`, i)
		sagas = append(sagas, n)
	}
	create(t, s, sagas...)
	for len(sagas) > 0 {
		for _, n := range sagas {
			got := load(t, s, n.ID)
			require.Equal(t, string(n.DAG), string(got.DAG))
			require.Equal(t, string(n.Params), string(got.Params))
		}
		require.NoError(t, s.Delete(t.Context(), sagas[0].ID))
		sagas = sagas[1:]
	}
}

func dagsCanBeStoredAgain(t *testing.T, s store.Store) {
	for range 3 {
		n, other := newSagaIn(saga.StateSucceeded), newSagaIn(saga.StateSucceeded)
		other.DAG = fmt.Appendf(nil, `{"of":%q}`, other.ID) // may take the deleted DAG's place in the database
		create(t, s, n)
		require.NoError(t, s.Delete(t.Context(), n.ID))
		create(t, s, other)
		n.ID = saga.NewID()
		create(t, s, n)
		assert.Equal(t, string(n.DAG), string(load(t, s, n.ID).DAG))
		assert.Equal(t, string(other.DAG), string(load(t, s, other.ID).DAG))
		require.NoError(t, s.Delete(t.Context(), n.ID))
	}
}

func dagsAreNotChangedByFailedCreate(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateRunning)
	create(t, s, n)
	other := n
	other.DAG, other.Params = []byte(`{"other":true}`), []byte(`{"other":true}`)
	for range 2 {
		require.ErrorIs(t, s.Create(t.Context(), other), store.ErrExists)
		got := claim(t, s, store.Claim{Owner: bob})
		require.Len(t, got, 1)
		assert.Equal(t, string(n.DAG), string(got[0].DAG))
		assert.Equal(t, string(n.Params), string(got[0].Params))
		claim(t, s, store.Claim{Owner: alice})
	}
}

func dagsMayComeWithoutParameters(t *testing.T, s store.Store) {
	for _, params := range [][]byte{nil, {}} {
		n := newSagaIn(saga.StateRunning)
		n.Params = params
		create(t, s, n)
		assert.Nil(t, load(t, s, n.ID).Params)
		got := claim(t, s, store.Claim{Owner: bob})
		require.Len(t, got, 1)
		assert.Nil(t, got[0].Params)
		require.NoError(t, s.Append(t.Context(), next(n.ID, 2, 2, 1)))
	}
}

func dagsKeepTheirParametersAfterAppend(t *testing.T, s store.Store) {
	n := newSagaIn(saga.StateCreated)
	n.Events, n.Params = nil, []byte(strings.Repeat("p", 5000))
	create(t, s, n)
	require.NoError(t, s.Append(t.Context(), next(n.ID, 1, 0, 3)))
	assert.Equal(t, string(n.Params), string(load(t, s, n.ID).Params))
	requireEvents(t, s, n.ID, events(0, 3))
	again, err := s.Logs(t.Context(), []saga.ID{n.ID})
	require.NoError(t, err)
	requireSameEvents(t, events(0, 3), again[0])
}
