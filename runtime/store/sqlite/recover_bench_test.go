package sqlite_test

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// BenchmarkRecover starts a coordinator that recovers the unfinished sagas of
// another, which is gone. The first node of each saga had started. The
// benchmark reports when the first action was called again (s-first) and when
// all had been called (s-all), for 10,000 sagas per iteration.
func BenchmarkRecover(b *testing.B) {
	const each = 10_000
	sagas := int64(b.N * each)
	st := openStore(b, openDB(b, newFile(b), 0))
	encoded, params, err := withParams(b, tripDAG()).Parts()
	require.NoError(b, err)
	var fillers sync.WaitGroup
	var filled atomic.Int64
	for range 256 {
		fillers.Go(func() {
			for filled.Add(1) <= sagas {
				n := store.NewSaga{
					ID: saga.NewID(), Name: "book-trip", DAG: encoded, Params: params,
					State: saga.StateRunning, Owner: "gone",
					Events: []engine.Event{{Node: 1, Kind: engine.EventStarted, At: time.Now()}},
				}
				if err := st.Create(context.Background(), n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	fillers.Wait()

	var called atomic.Int64
	first, all, proceed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	registry := saga.NewRegistry()
	registry.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, string]{
		Name: "noop",
		Do: func(saga.ActionContext, saga.None) (string, error) {
			switch called.Add(1) {
			case 1:
				close(first)
			case sagas:
				close(all)
			}
			<-proceed
			return "done", nil
		},
		Undo: func(saga.ActionContext, saga.None, string) error { return nil },
	}))
	runtime.GC()
	b.ResetTimer()
	c, err := sec.New(sec.Config{Store: st, Registry: registry, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	require.NoError(b, c.Start())
	<-first
	b.ReportMetric(b.Elapsed().Seconds(), "s-first")
	<-all
	b.StopTimer()
	b.ReportMetric(b.Elapsed().Seconds(), "s-all")
	close(proceed)
	require.NoError(b, c.Stop(context.Background()))
}

func withParams(tb testing.TB, dag *saga.DAG) *saga.SagaDAG {
	tb.Helper()
	s, err := saga.NewSagaDAG(dag, "params")
	require.NoError(tb, err)
	return s
}
