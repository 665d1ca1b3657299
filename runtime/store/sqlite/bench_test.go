package sqlite_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// goroutineCounts are the numbers of goroutines that append at once.
var goroutineCounts = []int{1, 16, 64, 256}

// BenchmarkAppend appends three events per call, each goroutine to its own
// saga.
func BenchmarkAppend(b *testing.B) {
	for _, n := range goroutineCounts {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			a := newAppending(b, n)
			b.ResetTimer()
			a.appendEach(b, (b.N+n-1)/n)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
			b.ReportMetric(float64(a.commits.Load())/float64(b.N), "commits/append")
		})
	}
}

// BenchmarkBareCommit inserts rows of about the size of an append of
// BenchmarkAppend, several per transaction.
func BenchmarkBareCommit(b *testing.B) {
	for _, n := range goroutineCounts {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			bare := newBare(b)
			b.ResetTimer()
			for range (b.N + n - 1) / n {
				bare.commit(b, n)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkAppendAgainstBareCommit measures both in turn, so other load of the
// machine affects both. It reports ratios of medians: the time of an append to
// its share of a bare commit of as many rows (bare), and the time of an append
// of one goroutine alone to that of an append of many (gain).
func BenchmarkAppendAgainstBareCommit(b *testing.B) {
	bare := newBare(b)
	appending := map[int]*appending{}
	for _, n := range goroutineCounts {
		appending[n] = newAppending(b, n)
	}
	appends, commits := map[int][]float64{}, map[int][]float64{} // nanoseconds per row
	timed := func(rows int, f func()) float64 {
		began := time.Now()
		f()
		return float64(time.Since(began)) / float64(rows)
	}
	for b.Loop() {
		for _, n := range goroutineCounts {
			turns, calls := 1, 8
			if n == 1 {
				turns, calls = 24, 1
			}
			for range turns {
				commits[n] = append(commits[n], timed(n, func() { bare.commit(b, n) }))
				appends[n] = append(appends[n], timed(n*calls, func() { appending[n].appendEach(b, calls) }))
			}
		}
	}
	for _, n := range goroutineCounts {
		b.ReportMetric(median(appends[n])/median(commits[n]), fmt.Sprintf("bare@%d", n))
		b.ReportMetric(median(appends[1])/median(appends[n]), fmt.Sprintf("gain@%d", n))
	}
}

func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// appending is a store with a saga for each goroutine.
type appending struct {
	store   *sqlite.Store
	ids     []saga.ID
	seqs    []uint64
	commits *commits
}

func newAppending(b *testing.B, goroutines int) *appending {
	db, counted := openCounted(b, newFile(b), 1)
	a := &appending{store: openStore(b, db), seqs: make([]uint64, goroutines), commits: counted}
	for range goroutines {
		n := newSaga()
		require.NoError(b, a.store.Create(b.Context(), n))
		a.ids = append(a.ids, n.ID)
	}
	counted.Store(0)
	return a
}

// appendEach makes calls appends in each goroutine.
func (a *appending) appendEach(b *testing.B, calls int) {
	var wg sync.WaitGroup
	for i, id := range a.ids {
		wg.Go(func() {
			for range calls {
				if err := a.store.Append(b.Context(), next(id, a.seqs[i], 3)); err != nil {
					b.Error(err)
					return
				}
				a.seqs[i] += 3
			}
		})
	}
	wg.Wait()
}

// bare is a table for rows that are inserted with database/sql alone.
type bare struct {
	db     *sql.DB
	insert *sql.Stmt
	row    []byte
}

func newBare(b *testing.B) *bare {
	db := openDB(b, newFile(b), 1, "_pragma=journal_mode(wal)", "_pragma=synchronous(full)")
	_, err := db.Exec("CREATE TABLE bare (data BLOB NOT NULL) STRICT")
	require.NoError(b, err)
	insert, err := db.Prepare("INSERT INTO bare (data) VALUES (?)")
	require.NoError(b, err)
	row := make([]byte, 3*48)
	_, _ = rand.Read(row)
	return &bare{db, insert, row}
}

// commit inserts rows in one transaction.
func (x *bare) commit(b *testing.B, rows int) {
	if rows == 1 {
		if _, err := x.insert.Exec(x.row); err != nil {
			b.Fatal(err)
		}
		return
	}
	tx, err := x.db.BeginTx(context.Background(), nil)
	if err != nil {
		b.Fatal(err)
	}
	insert := tx.Stmt(x.insert)
	for range rows {
		if _, err := insert.Exec(x.row); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
