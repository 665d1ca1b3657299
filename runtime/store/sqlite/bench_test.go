package sqlite_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkAppend appends three events a commit, each goroutine to a saga of its own. Compare
// BenchmarkBareCommit, which commits as many bytes.
func BenchmarkAppend(b *testing.B) {
	benchmarkCommits(b, func(b *testing.B, db *sql.DB) func(ctx context.Context) func() error {
		s := openStore(b, db)
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

// BenchmarkBareCommit inserts one row a commit, of about the bytes that BenchmarkAppend's events have.
func BenchmarkBareCommit(b *testing.B) {
	benchmarkCommits(b, func(b *testing.B, db *sql.DB) func(context.Context) func() error {
		_, err := db.Exec("CREATE TABLE bare (data BLOB NOT NULL) STRICT")
		require.NoError(b, err)
		insert, err := db.Prepare("INSERT INTO bare (data) VALUES (?)")
		require.NoError(b, err)
		row := make([]byte, 3*48)
		_, _ = rand.Read(row)
		return func(ctx context.Context) func() error {
			return func() error {
				_, err := insert.ExecContext(ctx, row)
				return err
			}
		}
	})
}

// benchmarkCommits runs commits alone and at 64 goroutines; begin makes what each goroutine does.
func benchmarkCommits(b *testing.B, prepare func(*testing.B, *sql.DB) (begin func(context.Context) func() error)) {
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			begin := prepare(b, openDB(b, newFile(b), 1, "_pragma=journal_mode(wal)", "_pragma=synchronous(full)"))
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
