package store_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

func TestMemoryConformsToStore(t *testing.T) {
	storetest.Test(t, func(*testing.T) storetest.Opener {
		m := store.NewMemory()
		return func(*testing.T) store.Store { return m }
	}, storetest.Options{})
}

func TestMemoryLeaseExpiresExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lease = 10 * time.Second
		m := store.NewMemory()
		require.NoError(t, m.Create(t.Context(), newSaga(lease)))
		claim := func(owner string) int {
			records, err := m.Claim(t.Context(), store.Claim{Owner: owner, Lease: lease})
			require.NoError(t, err)
			return len(records)
		}
		time.Sleep(lease - time.Nanosecond)
		assert.Zero(t, claim("bob"))
		require.NoError(t, m.Renew(t.Context(), "alice", lease))
		time.Sleep(lease - time.Nanosecond)
		assert.Zero(t, claim("bob"))
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 1, claim("bob"))
		time.Sleep(lease - time.Nanosecond)
		assert.Zero(t, claim("carol"))
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 1, claim("carol"))
	})
}

func newSaga(lease time.Duration) store.NewSaga {
	return store.NewSaga{
		ID: saga.NewID(), Name: "book-trip", DAG: []byte(`{"version":1}`), State: saga.StateRunning,
		Owner: "alice", Lease: lease,
	}
}

func ExampleMemory() {
	ctx := context.Background()
	sagas := store.NewMemory() // for sec.Config.Store
	_, err := sagas.Load(ctx, saga.NewID())
	fmt.Println(err)
	// Output: saga not found
}
