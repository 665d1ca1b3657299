package fairsem_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/sec/internal/fairsem"
)

// isReady reports whether an Acquire that returned ready has succeeded.
func isReady(ready <-chan struct{}) bool {
	if ready == nil {
		return true
	}
	select {
	case <-ready:
		return true
	default:
		return false
	}
}

func TestSemaphore(t *testing.T) {
	t.Run("can be acquired as often as its limit", func(t *testing.T) {
		s := fairsem.New[string](2)
		require.True(t, isReady(s.Acquire("a")))
		require.True(t, isReady(s.Acquire("b")))
		third := s.Acquire("c")
		require.False(t, isReady(third))
		s.Release()
		require.True(t, isReady(third))
	})
	t.Run("lets the waiting keys take turns", func(t *testing.T) {
		s := fairsem.New[string](1)
		s.Acquire("running")
		type waiter struct {
			key   string
			ready <-chan struct{}
		}
		var waiting []waiter
		for _, key := range []string{"a", "a", "a", "b", "b", "c"} {
			waiting = append(waiting, waiter{key, s.Acquire(key)})
		}
		var order []string
		for range waiting {
			s.Release()
			for i, w := range waiting {
				if w.ready != nil && isReady(w.ready) {
					order = append(order, w.key)
					waiting[i].ready = nil
				}
			}
		}
		require.Equal(t, []string{"a", "b", "c", "a", "b", "a"}, order)
	})
	t.Run("skips a caller that has canceled", func(t *testing.T) {
		s := fairsem.New[string](1)
		s.Acquire("running")
		first, second, other := s.Acquire("a"), s.Acquire("a"), s.Acquire("b")
		s.Cancel("a", first)
		s.Cancel("b", other)
		s.Release()
		require.False(t, isReady(first))
		require.True(t, isReady(second))
		s.Release()
		require.True(t, isReady(s.Acquire("c")), "no one else waits")
	})
	t.Run("is released by a caller that cancels too late", func(t *testing.T) {
		s := fairsem.New[string](1)
		s.Acquire("running")
		first, second := s.Acquire("a"), s.Acquire("b")
		s.Release()
		s.Cancel("a", first) // it has just acquired the semaphore
		require.True(t, isReady(second))
	})
	t.Run("has no limit if it is nil", func(t *testing.T) {
		s := fairsem.New[string](0)
		require.Nil(t, s)
		for range 100 {
			require.True(t, isReady(s.Acquire("a")))
		}
		s.Release()
	})
	t.Run("keeps its limit with concurrent callers", func(t *testing.T) {
		const limit = 3
		s := fairsem.New[int](limit)
		var holders atomic.Int64
		var all sync.WaitGroup
		for key := range 10 {
			all.Go(func() {
				for i := range 1000 {
					if ready := s.Acquire(key); ready != nil {
						if i%3 == 0 {
							s.Cancel(key, ready)
							continue
						}
						<-ready
					}
					if n := holders.Add(1); n > limit {
						t.Errorf("%d holders, want at most %d", n, limit)
					}
					holders.Add(-1)
					s.Release()
				}
			})
		}
		all.Wait()
		for range limit {
			require.True(t, isReady(s.Acquire(0)), "all callers have released it")
		}
		require.False(t, isReady(s.Acquire(0)))
	})
}

func TestSet(t *testing.T) {
	var set fairsem.Set[string, int]
	a := set.Get("a", 1)
	require.NotNil(t, a)
	require.Same(t, a, set.Get("a", 1))
	require.NotSame(t, a, set.Get("b", 1))
	require.Nil(t, set.Get("c", 0), "it has no limit")
}
