package codec_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// tripOn returns a function that runs a saga with the shape of the trip
// example. Its actions do nothing.
func tripOn(b *testing.B, st store.Store) func() {
	registry := saga.NewRegistry()
	registry.Register(nil, saga.NewActionFunc("noop",
		func(saga.ActionContext) (string, error) { return "done", nil }, func(saga.ActionContext) error { return nil }))
	c, err := sec.New(sec.Config{Store: st, Registry: registry, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(b, err)
	require.NoError(b, c.Start())
	b.Cleanup(func() { require.NoError(b, c.Stop(context.Background())) })
	noop := func(name saga.NodeName) saga.Node { return saga.ActionNode(name, string(name), "noop") }
	dag := saga.NewDAGBuilder("book-trip").
		Append(noop("payment")).
		AppendParallel(noop("hotel"), noop("flight"), noop("car")).
		Append(noop("summary")).
		MustBuild()
	return func() {
		withParams, err := saga.NewSagaDAG(dag, "params")
		require.NoError(b, err)
		id := saga.NewID()
		require.NoError(b, c.CreateAndStart(b.Context(), id, withParams))
		_, err = c.Wait(b.Context(), id)
		require.NoError(b, err)
	}
}

// BenchmarkTrip runs sagas of five actions in memory, one after the other.
func BenchmarkTrip(b *testing.B) {
	for name, st := range map[string]store.Store{
		"plain": store.NewMemory(), "encrypted": encode(b, store.NewMemory(), "2026"),
	} {
		b.Run(name, func(b *testing.B) {
			run := tripOn(b, st)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

// BenchmarkTripRatio alternates between a plain and an encrypted store, so that
// other load on the machine affects both. It reports the ratio of the median
// durations.
func BenchmarkTripRatio(b *testing.B) {
	plain, encrypted := tripOn(b, store.NewMemory()), tripOn(b, encode(b, store.NewMemory(), "2026"))
	var without, with []time.Duration
	timed := func(f func()) time.Duration {
		began := time.Now()
		for range 20 {
			f()
		}
		return time.Since(began)
	}
	for b.Loop() {
		without, with = append(without, timed(plain)), append(with, timed(encrypted))
	}
	median := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2])
	}
	b.ReportMetric(median(with)/median(without), "encrypted/plain")
}

// BenchmarkKeyring encrypts and decrypts data of several sizes.
func BenchmarkKeyring(b *testing.B) {
	k := keyring(b, "2026")
	for _, size := range []int{16, 600, 64 << 10} {
		plain := make([]byte, size)
		stored, err := k.Encode(here, plain)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("encode/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = k.Encode(here, plain)
			}
		})
		b.Run(fmt.Sprintf("decode/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = k.Decode(here, stored)
			}
		})
	}
}
