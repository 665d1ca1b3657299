package workpool_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/sec/internal/workpool"
)

func TestPool(t *testing.T) {
	t.Run("runs each task once", func(t *testing.T) {
		const n = 10_000
		var runs [n]atomic.Int32
		var all sync.WaitGroup
		p := workpool.New(func(i int) { runs[i].Add(1); all.Done() })
		defer p.Close()
		all.Add(n)
		for i := range n / 2 {
			p.Submit(2*i, 2*i+1)
		}
		all.Wait()
		for i := range runs {
			require.EqualValues(t, 1, runs[i].Load(), "task %d", i)
		}
	})
	t.Run("makes no task wait for another", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			const n = 1000
			var running atomic.Int32
			proceed := make(chan struct{})
			p := workpool.New(func(int) { running.Add(1); <-proceed })
			defer p.Close()
			p.Submit(make([]int, n)...)
			synctest.Wait()
			require.EqualValues(t, n, running.Load())
			close(proceed)
		})
	})
	t.Run("reuses a goroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := workpool.New(func(int) {})
			defer p.Close()
			p.Submit(0)
			synctest.Wait()
			before := runtime.NumGoroutine()
			for i := range 100 {
				p.Submit(i)
				synctest.Wait()
			}
			require.Equal(t, before, runtime.NumGoroutine())
		})
	})
	t.Run("survives a task that calls Goexit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var runs atomic.Int32
			p := workpool.New(func(int) { runs.Add(1); runtime.Goexit() })
			defer p.Close()
			p.Submit(make([]int, 10)...)
			synctest.Wait()
			require.EqualValues(t, 10, runs.Load())
		})
	})
	t.Run("runs what is submitted after Close, and keeps no goroutine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // it fails if a goroutine is left
			var runs atomic.Int32
			p := workpool.New(func(int) { runs.Add(1) })
			p.Submit(1)
			synctest.Wait()
			p.Close()
			p.Submit(2, 3)
			synctest.Wait()
			require.EqualValues(t, 3, runs.Load())
		})
	})
}

// The goroutines of a pool must not keep finished tasks in memory.
func TestPoolForgetsFinishedTasks(t *testing.T) {
	var collected, ran sync.WaitGroup
	p := workpool.New(func(*[1 << 10]byte) { ran.Done() })
	defer p.Close()
	const n = 100
	collected.Add(n)
	ran.Add(n)
	for range n {
		task := new([1 << 10]byte)
		runtime.AddCleanup(task, func(struct{}) { collected.Done() }, struct{}{})
		p.Submit(task)
	}
	ran.Wait()
	done := make(chan struct{})
	go func() { collected.Wait(); close(done) }()
	for {
		runtime.GC()
		select {
		case <-done:
			return
		default:
			runtime.Gosched()
		}
	}
}
