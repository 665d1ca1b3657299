package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/sagagen/sagagen/runtime/store"
)

// floor is a session of bare commits. It measures the time that the database
// needs for the commits and the bytes of as many concurrent trips as there are
// clients, without any code of this project. Each write of a trip is one row.
// The rows of concurrent trips share a commit, as in the group commits of the
// stores.
type floor struct {
	clients int
	// writers is how many goroutines commit in parallel, at most one for each
	// client.
	writers int
	// commit inserts that many copies of row in one transaction.
	commit func(ctx context.Context, rows int, row []byte) error
	meter  meter
	// rows counts the rows in the table.
	rows func(context.Context) (int64, error)
	end  func() error

	// writes has the row of each write of a trip, in order.
	writes [][]byte
}

func newFloor(ctx context.Context, f floor) (*floor, error) {
	sizes, err := tripWrites(ctx)
	if err != nil {
		return nil, err
	}
	for _, size := range sizes {
		row := make([]byte, size)
		_, _ = rand.Read(row)
		f.writes = append(f.writes, row)
	}
	f.writers = min(f.writers, f.clients)
	return &f, nil
}

// tripWrites returns the size in bytes of each write of a trip that runs alone.
// Outcomes that come at about the same time may share a write or not, so it
// runs several trips and takes the one with the fewest writes.
func tripWrites(ctx context.Context) ([]int, error) {
	const tries = 20
	var sizes []int // of the running trip, appended by its owner before it is final
	st := &countingStore{Store: store.NewMemory(), onWrite: func(bytes int) { sizes = append(sizes, bytes) }}
	w := newTrips()
	c, err := newCoordinator(st, w.registry)
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
	return fewest, c.Stop(ctx)
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
		for _, row := range f.writes {
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
	if want := n * int64(len(f.writes)); rows != want {
		return nil, fmt.Errorf("the table has %d rows, want %d", rows, want)
	}
	return []sample{{
		value:   float64(n) / elapsed.Seconds(),
		latency: percentilesOf(times),
		use:     after.per(before, n),
	}}, nil
}

// commitAll inserts one row for each client, with one commit for each writer.
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
