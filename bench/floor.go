package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/sagagen/sagagen/runtime/store"
)

// floor is a session of bare commits: what the database needs for the commits and the bytes of as many trips at once as there are
// clients, with nothing of ours between. What a trip writes at once is a row. The rows that so many trips write at the same time share a
// commit, as the stores group them.
type floor struct {
	clients int
	// writers is how many goroutines commit at once, if there are more clients than one.
	writers int
	// commit inserts that many rows in one transaction.
	commit func(ctx context.Context, rows int, row []byte) error
	meter  meter
	// rows counts the rows in the table.
	rows func(context.Context) (int64, error)
	end  func() error

	// row has what each write of a trip is, in order.
	row [][]byte
}

func newFloor(ctx context.Context, f floor) (*floor, error) {
	sizes, err := tripWrites(ctx)
	if err != nil {
		return nil, err
	}
	for _, size := range sizes {
		row := make([]byte, size)
		_, _ = rand.Read(row)
		f.row = append(f.row, row)
	}
	f.writers = min(f.writers, f.clients)
	return &f, nil
}

// tripWrites returns how many bytes each write of a trip has, alone on a store. It takes the trip with the fewest writes of several:
// whether outcomes that come at about the same time share a write is a matter of luck.
func tripWrites(ctx context.Context) ([]int, error) {
	const tries = 20
	var sizes []int // of the trip that runs; written to by its owner, before it ends
	w := newTrips()
	c, err := newCoordinator(&countingStore{Store: store.NewMemory(), wrote: func(bytes int) { sizes = append(sizes, bytes) }}, w.registry)
	if err != nil {
		return nil, err
	}
	var fewest []int
	for range tries {
		sizes = nil
		if err := w.run(ctx, c); err != nil {
			return nil, err
		}
		if fewest == nil || len(sizes) < len(fewest) {
			fewest = sizes
		}
	}
	return fewest, c.Shutdown(ctx)
}

func (f *floor) close() error { return f.end() }

func (f *floor) measure(ctx context.Context, b budget) ([]sample, error) {
	before, err := f.meter(ctx)
	if err != nil {
		return nil, err
	}
	var (
		n     int64
		times []time.Duration
		start = time.Now()
	)
	for now := start; n == 0 || now.Sub(start) < b.time && (b.sagas <= 0 || n < b.sagas); {
		for _, row := range f.row {
			if err := f.commitAll(ctx, row); err != nil {
				return nil, err
			}
		}
		n += int64(f.clients)
		end := time.Now()
		times = append(times, end.Sub(now))
		now = end
	}
	elapsed := time.Since(start)
	after, err := f.meter(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := f.rows(ctx)
	if err != nil {
		return nil, err
	}
	if want := n * int64(len(f.row)); rows != want {
		return nil, fmt.Errorf("the table has %d rows, want %d", rows, want)
	}
	return []sample{{value: float64(n) / elapsed.Seconds(), latency: percentilesOf(times), use: after.per(before, n)}}, nil
}

// commitAll inserts a row for each client.
func (f *floor) commitAll(ctx context.Context, row []byte) error {
	if f.writers == 1 {
		return f.commit(ctx, f.clients, row)
	}
	failures := make(chan error, f.writers)
	var writers sync.WaitGroup
	for i := range f.writers {
		rows := f.clients*(i+1)/f.writers - f.clients*i/f.writers
		writers.Go(func() { failures <- f.commit(ctx, rows, row) })
	}
	writers.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}
