package sec_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// slowDelete is a store whose Delete takes a second. It counts the concurrent
// calls.
type slowDelete struct {
	store.Store
	now, most atomic.Int64
	// down makes Delete fail.
	down atomic.Bool
}

func (s *slowDelete) Delete(ctx context.Context, id saga.ID) error {
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	time.Sleep(time.Second)
	if s.down.Load() {
		return errStore
	}
	return s.Store.Delete(ctx, id)
}

// fillFinal creates n sagas that have finished.
func (s *slowDelete) fillFinal(t *testing.T, n int) {
	t.Helper()
	for range n {
		require.NoError(t, s.Create(t.Context(), store.NewSaga{
			ID: saga.NewID(), Name: "s", DAG: []byte("{}"), State: saga.StateSucceeded,
		}))
	}
}

// left returns the number of sagas in the store.
func (s *slowDelete) left(t *testing.T) int {
	t.Helper()
	records, err := s.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	return len(records)
}

func TestRetentionDeletesSixteenAtATime(t *testing.T) {
	for name, retention := range map[string]sec.Retention{
		"age":   {MaxAge: time.Minute, Every: time.Hour},
		"count": {MaxCount: 1, Every: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &slowDelete{Store: store.NewMemory()}
				st.fillFinal(t, 10*16)
				time.Sleep(time.Hour)
				st.fillFinal(t, 1)
				began := time.Now()
				newWorld().configured(t, sec.Config{Store: st, Retention: retention})
				synctest.Wait()
				for st.left(t) > 1 {
					time.Sleep(time.Second)
					synctest.Wait()
				}
				assert.Equal(t, 10*time.Second, time.Since(began))
				assert.EqualValues(t, 16, st.most.Load())
			})
		})
	}
}

func TestRetentionRetriesAfterAFailedDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slowDelete{Store: store.NewMemory()}
		st.fillFinal(t, 100)
		time.Sleep(time.Hour)
		st.down.Store(true)
		newWorld().configured(t, sec.Config{Store: st, Retention: sec.Retention{MaxAge: time.Minute, Every: time.Hour}})
		time.Sleep(time.Minute)
		assert.Zero(t, st.now.Load(), "it stops until the next round")
		assert.Equal(t, 100, st.left(t))
		st.down.Store(false)
		time.Sleep(time.Hour)
		assert.Zero(t, st.left(t))
	})
}
