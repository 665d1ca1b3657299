package postgres_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
)

// BenchmarkAppend appends three events per call, each goroutine to its own
// saga. Compare it with BenchmarkBareCommit, which commits as many bytes.
func BenchmarkAppend(b *testing.B) {
	benchmarkCommits(b, func(b *testing.B, pool *pgxpool.Pool) func(ctx context.Context) func() error {
		s := openStore(b, pool, pgtest.Schema(b))
		return func(ctx context.Context) func() error {
			n := newSaga()
			if err := s.Create(ctx, n); err != nil {
				b.Fatal(err)
			}
			seq := uint64(0)
			return func() error {
				a := next(n.ID, seq, 3)
				seq += 3
				return s.Append(ctx, a)
			}
		}
	})
}

// BenchmarkBareCommit inserts one row per commit, of about the size of an
// append of BenchmarkAppend, with a prepared statement and a connection for
// each goroutine.
func BenchmarkBareCommit(b *testing.B) {
	benchmarkCommits(b, func(b *testing.B, pool *pgxpool.Pool) func(context.Context) func() error {
		schema := pgtest.Schema(b)
		_, err := pool.Exec(b.Context(), "CREATE SCHEMA "+schema+"; CREATE TABLE "+schema+".bare (data bytea NOT NULL)")
		require.NoError(b, err)
		row := make([]byte, 3*48)
		_, _ = rand.Read(row)
		return func(ctx context.Context) func() error {
			return func() error {
				_, err := pool.Exec(ctx, "INSERT INTO "+schema+".bare (data) VALUES ($1)", row)
				return err
			}
		}
	})
}

// benchmarkCommits runs commits in one goroutine, and in 64. begin returns the
// commit function of a goroutine.
func benchmarkCommits(
	b *testing.B, prepare func(*testing.B, *pgxpool.Pool) (begin func(context.Context) func() error),
) {
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			pool := pgtest.Pool(b, pgtest.URL(b), func(c *pgxpool.Config) { c.MaxConns = int32(goroutines) })
			begin := prepare(b, pool)
			connect(b, pool)
			if goroutines == 1 {
				commit := begin(b.Context())
				b.ResetTimer()
				for range b.N {
					if err := commit(); err != nil {
						b.Fatal(err)
					}
				}
			} else {
				b.SetParallelism(goroutines / runtime.GOMAXPROCS(0))
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					commit := begin(b.Context())
					for pb.Next() {
						if err := commit(); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

// connect opens all connections of the pool, so that no commit waits for one.
func connect(b *testing.B, pool *pgxpool.Pool) {
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(b.Context())
		require.NoError(b, err)
		defer conn.Release()
	}
}
