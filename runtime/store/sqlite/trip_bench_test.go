package sqlite_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// BenchmarkTrip runs sagas of the shape of the main example, with five actions
// that do nothing, on a coordinator with a store in a file.
func BenchmarkTrip(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			db, counted := openCounted(b, newFile(b), 1)
			c, err := sec.New(sec.Config{
				Store: openStore(b, db), Registry: noop(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := c.Start(); err != nil {
				b.Fatal(err)
			}
			dag := tripDAG()
			runTrip(b, c, dag)
			counted.Store(0)
			b.ResetTimer()
			var wg sync.WaitGroup
			for i := range clients {
				wg.Go(func() {
					for n := i; n < b.N; n += clients {
						runTrip(b, c, dag)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sagas/s")
			b.ReportMetric(float64(counted.Load())/float64(b.N), "commits/saga")
			if err := c.Stop(context.Background()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkTripAgainstBareCommits runs a trip and four bare commits in turn, so
// other load of the machine affects both. It reports the ratio of the medians.
func BenchmarkTripAgainstBareCommits(b *testing.B) {
	bare := newBare(b)
	db, _ := openCounted(b, newFile(b), 1)
	c, err := sec.New(sec.Config{Store: openStore(b, db), Registry: noop(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	dag := tripDAG()
	var trips, commits []time.Duration
	for b.Loop() {
		began := time.Now()
		for range 4 {
			bare.commit(b, 1)
		}
		between := time.Now()
		runTrip(b, c, dag)
		commits, trips = append(commits, between.Sub(began)), append(trips, time.Since(between))
	}
	b.ReportMetric(float64(median(trips))/float64(median(commits)), "bare")
	b.ReportMetric(0, "ns/op")
	if err := c.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func runTrip(b *testing.B, c *sec.Coordinator, dag *saga.DAG) {
	withParams, err := saga.NewSagaDAG(dag, "params")
	if err != nil {
		b.Error(err)
		return
	}
	id := saga.NewID()
	if err := c.CreateAndStart(context.Background(), id, withParams); err != nil {
		b.Error(err)
		return
	}
	if outputs, err := c.Wait(context.Background(), id); err != nil || string(outputs.Saga()) != `"done"` {
		b.Errorf("output %s, error %v", outputs.Saga(), err)
	}
}

// noop returns a registry with one action, which does nothing.
func noop() *saga.Registry {
	r := saga.NewRegistry()
	r.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, string]{
		Name: "noop",
		Do:   func(saga.ActionContext, saga.None) (string, error) { return "done", nil },
		Undo: func(saga.ActionContext, saga.None, string) error { return nil },
	}))
	return r
}

func tripDAG() *saga.DAG {
	node := func(name string) saga.Node { return saga.ActionNode(saga.NodeName(name), name, "noop") }
	return saga.NewDAGBuilder("book-trip").
		Append(node("payment")).
		AppendParallel(node("hotel"), node("flight"), node("car")).
		Append(node("summary")).
		MustBuild()
}
