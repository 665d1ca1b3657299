package postgres

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/busy"
)

// library is a store whose DAGs the tests count.
type library struct {
	*Store
	t      *testing.T
	schema string
}

func newLibrary(t *testing.T, settings ...func(*pgxpool.Config)) *library {
	schema := pgtest.Schema(t)
	l := &library{t: t, schema: schema}
	l.open(settings...)
	return l
}

// open opens the store again.
func (l *library) open(settings ...func(*pgxpool.Config)) {
	s, err := Open(l.t.Context(), pgtest.Pool(l.t, pgtest.URL(l.t), settings...), Config{Schema: l.schema})
	require.NoError(l.t, err)
	l.Store = s
}

// finished creates a saga that can be deleted.
func (l *library) finished(dag string) store.NewSaga {
	n := store.NewSaga{ID: saga.NewID(), Name: "a", DAG: []byte(dag), State: saga.StateSucceeded}
	assert.NoError(l.t, l.Create(l.t.Context(), n))
	return n
}

func (l *library) delete(sagas ...store.NewSaga) {
	for _, n := range sagas {
		assert.NoError(l.t, l.Delete(l.t.Context(), n.ID))
	}
}

// checkDAG checks that a saga has the DAG that it was created with.
func (l *library) checkDAG(n store.NewSaga) {
	l.t.Helper()
	record, err := l.Load(l.t.Context(), n.ID)
	assert.NoError(l.t, err)
	assert.Equal(l.t, string(n.DAG), string(record.DAG))
}

// count returns the number of shared DAGs, and of sagas with a DAG of their
// own.
func (l *library) count() (shared, own int) {
	l.t.Helper()
	text := fmt.Sprintf(
		"SELECT (SELECT count(*) FROM %s.saga_dag), (SELECT count(dag) FROM %[1]s.saga_creation)", l.schema)
	require.NoError(l.t, l.pool.QueryRow(l.t.Context(), text).Scan(&shared, &own))
	return shared, own
}

func TestSagasOfOneDAGShareIt(t *testing.T) {
	l := newLibrary(t)
	sagas := make(chan store.NewSaga, 100)
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() { sagas <- l.finished(fmt.Sprintf(`{"dag":%d}`, i%2)) })
	}
	callers.Wait()
	close(sagas)
	for n := range sagas {
		l.checkDAG(n)
	}
	shared, own := l.count()
	assert.Equal(t, 2, shared)
	assert.Equal(t, 2, own, "the first saga of each DAG has its own")
}

func TestSagasThatShareADAGAreClaimedWithIt(t *testing.T) {
	l := newLibrary(t)
	sagas := map[saga.ID]string{}
	for i := range 6 {
		n := runningSaga(saga.NewID())
		n.DAG = fmt.Appendf(nil, `{"dag":%d}`, i%2)
		require.NoError(t, l.Create(t.Context(), n))
		sagas[n.ID] = string(n.DAG)
	}
	var one saga.ID
	for one = range sagas {
		break
	}
	for _, c := range []store.Claim{{IDs: []saga.ID{one}}, {}} {
		c.Owner = "alice"
		claimed, err := l.Claim(t.Context(), c)
		require.NoError(t, err)
		for _, record := range claimed {
			assert.Equal(t, sagas[record.ID], string(record.DAG))
			delete(sagas, record.ID)
		}
	}
	assert.Empty(t, sagas)
}

// A repeated Create, alone or in a batch, writes no DAG, though the DAG is
// cached by then.
func TestCreatesOfExistingSagasLeaveNoDAG(t *testing.T) {
	l := newLibrary(t)
	const n = 20
	var callers sync.WaitGroup
	for i := range n {
		s := l.finished(fmt.Sprintf(`{"dag":%d}`, i))
		assert.ErrorIs(t, l.Create(t.Context(), s), store.ErrExists)
		for range 3 {
			callers.Go(func() { assert.ErrorIs(t, l.Create(t.Context(), s), store.ErrExists) })
		}
	}
	callers.Wait()
	shared, own := l.count()
	assert.Zero(t, shared)
	assert.Equal(t, n, own)
}

// A DAG of a single saga may be encrypted.
func TestDAGOfOneSagaIsDeletedWithIt(t *testing.T) {
	l := newLibrary(t)
	n := l.finished(`{}`)
	shared, own := l.count()
	assert.Zero(t, shared)
	assert.Equal(t, 1, own)
	l.delete(n)
	_, own = l.count()
	assert.Zero(t, own)
}

func TestOpenDeletesUnusedDAGs(t *testing.T) {
	l := newLibrary(t)
	first, last := l.finished(`{}`), l.finished(`{}`)
	l.delete(first)
	before := l.Store
	l.open()
	l.checkDAG(last)
	l.delete(last)
	shared, _ := l.count()
	assert.Equal(t, 1, shared)
	l.open()
	shared, _ = l.count()
	assert.Zero(t, shared)

	l.Store = before // its cache has the deleted DAG
	l.checkDAG(l.finished(`{}`))
}

// In any isolation level, the last saga of a DAG is deleted, the DAG is deleted
// and the next saga with the DAG is created at the same time.
func TestDAGIsNotForgottenWhileASagaIsCreated(t *testing.T) {
	for _, isolation := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			l := newLibrary(t, func(c *pgxpool.Config) {
				c.ConnConfig.RuntimeParams["default_transaction_isolation"] = isolation
			})
			l.delete(l.finished(`{}`))
			ctx, cancel := context.WithCancel(t.Context())
			var deleting, creating sync.WaitGroup
			for range 2 {
				deleting.Go(func() {
					for ctx.Err() == nil {
						if err := busy.Retry(ctx, isBusy, func() error { return l.deleteUnusedDAGs(ctx) }); ctx.Err() == nil {
							assert.NoError(t, err)
						}
					}
				})
			}
			for range 5 { // alone and in batches
				creating.Go(func() {
					for range 40 {
						n := l.finished(`{}`)
						l.checkDAG(n)
						l.delete(n)
					}
				})
			}
			creating.Wait()
			cancel()
			deleting.Wait()
		})
	}
}
