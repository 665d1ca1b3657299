package sec_test

import (
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// A saga that waits in an action needs little memory: its goroutines, its log
// and its state machine.
func TestWaitingSagaTakesAtMostSixteenKilobytes(t *testing.T) {
	const sagas = 2000
	proceed := make(chan struct{})
	registry := saga.NewRegistry()
	wait := func(saga.ActionContext) (string, error) { <-proceed; return "done", nil }
	registry.Register(nil, saga.NewActionFunc("noop", wait, nil))
	c, err := sec.New(sec.Config{Registry: registry, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	dag := tripDAG()
	inUse := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := inUse()
	ids := make([]saga.ID, sagas)
	for i := range ids {
		withParams, err := saga.NewSagaDAG(dag, "params")
		require.NoError(t, err)
		ids[i] = saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), ids[i], withParams))
	}
	each := (inUse() - before) / sagas
	t.Logf("%d bytes for each waiting saga, including the memory store", each)
	assert.LessOrEqual(t, each, uint64(16<<10)*raceFactor)
	close(proceed)
	for _, id := range ids {
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	}
	require.NoError(t, c.Stop(t.Context()))
}

// A saga that has waited for admission and finished is freed. Neither the
// admission nor other sagas that wait or have waited keep it in memory.
func TestSagasThatWaitedForAdmissionAreFreed(t *testing.T) {
	const sagas, size = 100, 100 << 10
	proceed := make(chan struct{})
	w := newWorld()
	w.on("do a", func(saga.ActionContext) error { <-proceed; return nil })
	c := w.configured(t, sec.Config{MaxSagas: 1})
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := inUse()
	var ids []saga.ID
	for range sagas {
		dag, err := saga.NewSagaDAG(saga.NewDAGBuilder("s").Append(act("a")).MustBuild(), strings.Repeat("x", size))
		require.NoError(t, err)
		ids = append(ids, saga.NewID())
		require.NoError(t, c.CreateAndStart(t.Context(), ids[len(ids)-1], dag))
	}
	close(proceed)
	for _, id := range ids {
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, c.Delete(t.Context(), id))
	}
	assert.Less(t, inUse()-before, int64(sagas*size/4))
}

func TestCoordinatorIsFreedAfterStop(t *testing.T) {
	c, err := sec.New(sec.Config{
		Registry: newWorld().registry(), Lease: time.Hour, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	_, _, err = run(t, c, chain())
	require.NoError(t, err)
	require.NoError(t, c.Stop(t.Context()))
	freed := make(chan struct{})
	runtime.AddCleanup(c, func(freed chan struct{}) { close(freed) }, freed)
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-freed:
			return true
		default:
			return false
		}
	}, 10*time.Second, time.Millisecond)
}
