package sec_test

import (
	"log/slog"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// A saga that waits in an action costs little memory: its goroutines, its log and its machine.
func TestWaitingSagaTakesAtMostSixteenKilobytes(t *testing.T) {
	const sagas = 2000
	proceed := make(chan struct{})
	registry := saga.NewRegistry()
	registry.Register(nil, saga.NewActionFunc("noop", func(saga.ActionContext) (string, error) { <-proceed; return "done", nil }, nil))
	c, err := sec.New(sec.Config{Registry: registry, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
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
	t.Logf("%d bytes for each saga that waits, those of the memory store included", each)
	assert.LessOrEqual(t, each, uint64(16<<10)*raceFactor)
	close(proceed)
	for _, id := range ids {
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	}
	require.NoError(t, c.Shutdown(t.Context()))
}
