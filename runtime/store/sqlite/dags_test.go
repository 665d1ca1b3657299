package sqlite_test

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

func countDAGs(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT count(*) FROM saga_dag").Scan(&n))
	return n
}

// finished returns a saga that can be deleted.
func finished(dag string) store.NewSaga {
	n := newSaga()
	n.DAG, n.State = []byte(dag), saga.StateSucceeded
	return n
}

func TestSagasOfOneDAGKeepItOnce(t *testing.T) {
	db := openDB(t, newFile(t), 0)
	s := openStore(t, db)
	sagas := make(chan store.NewSaga, 100)
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() {
			n := finished(fmt.Sprintf(`{"dag":%d}`, i%2))
			assert.NoError(t, s.Create(t.Context(), n))
			sagas <- n
		})
	}
	callers.Wait()
	close(sagas)
	assert.Equal(t, 2, countDAGs(t, db))
	for n := range sagas {
		require.Positive(t, countDAGs(t, db))
		require.NoError(t, s.Delete(t.Context(), n.ID))
	}
	assert.Zero(t, countDAGs(t, db), "it is deleted with the last saga")
}

func TestCreateOfAnExistingSagaLeavesNoDAG(t *testing.T) {
	db := openDB(t, newFile(t), 0)
	s := openStore(t, db)
	n := finished(`{"first":true}`)
	require.NoError(t, s.Create(t.Context(), n))
	n.DAG = []byte(`{"second":true}`)
	require.ErrorIs(t, s.Create(t.Context(), n), store.ErrExists)
	assert.Equal(t, 1, countDAGs(t, db))
}

// The cached row ID of a DAG may be stale: another program has deleted the DAG
// with its last saga, and the ID belongs to another DAG now.
func TestDAGThatAnotherProgramDeletedIsWrittenAgain(t *testing.T) {
	file := newFile(t)
	one, other := openStore(t, openDB(t, file, 0)), openStore(t, openDB(t, file, 0))
	first := finished(`{"dag":"first"}`)
	require.NoError(t, one.Create(t.Context(), first))
	require.NoError(t, other.Delete(t.Context(), first.ID))
	second := finished(`{"dag":"second"}`)
	require.NoError(t, other.Create(t.Context(), second))

	first.ID = saga.NewID()
	require.NoError(t, one.Create(t.Context(), first))
	for _, n := range []store.NewSaga{first, second} {
		for _, s := range []*sqlite.Store{one, other} {
			record, err := s.Load(t.Context(), n.ID)
			require.NoError(t, err)
			assert.Equal(t, string(n.DAG), string(record.DAG))
		}
	}
}

// A program may build a DAG for each saga, of any size.
func TestDAGsThatLeftTheCacheAreWrittenAgain(t *testing.T) {
	db := openDB(t, newFile(t), 0)
	s := openStore(t, db)
	for range 2 {
		for i := range 200 {
			n := finished(fmt.Sprintf(`{"dag":%d}`, i))
			require.NoError(t, s.Create(t.Context(), n))
			record, err := s.Load(t.Context(), n.ID)
			require.NoError(t, err)
			require.Equal(t, string(n.DAG), string(record.DAG))
		}
	}
	large := finished(`"` + strings.Repeat("x", 1<<20) + `"`)
	require.NoError(t, s.Create(t.Context(), large))
	assert.GreaterOrEqual(t, countDAGs(t, db), 401-64, "a DAG that isn't cached is written again")
}

func TestDAGOfARolledBackTransactionIsWrittenAgain(t *testing.T) {
	db := openDB(t, newFile(t), 0)
	s := openStore(t, db)
	trapped := newSaga()
	_, err := db.Exec(fmt.Sprintf(`
		CREATE TRIGGER trap BEFORE INSERT ON saga_record WHEN new.id = x'%x' AND new.dag IS NOT NULL
		BEGIN SELECT RAISE (FAIL, 'trapped'); END`, trapped.ID[:]))
	require.NoError(t, err)
	require.ErrorContains(t, s.Create(t.Context(), trapped), "trapped")
	assert.Zero(t, countDAGs(t, db))
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	record, err := s.Load(t.Context(), n.ID)
	require.NoError(t, err)
	assert.Equal(t, string(n.DAG), string(record.DAG))
}
