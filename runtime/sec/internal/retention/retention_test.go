package retention_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec/internal/retention"
	"github.com/sagagen/sagagen/runtime/store"
)

// records is a store of records whose Delete takes a second.
type records struct {
	mu        sync.Mutex
	all       []saga.Record
	query     saga.Query
	deleteErr error
	deletes   int // calls of remove
	now, most int // of them at a time
}

// add adds n sagas that have just finished.
func (r *records) add(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range n {
		r.all = append(r.all, saga.Record{ID: saga.NewID(), State: saga.StateSucceeded, Updated: time.Now()})
	}
}

func (r *records) pages(_ context.Context, q saga.Query) iter.Seq2[[]saga.Record, error] {
	return func(yield func([]saga.Record, error) bool) {
		r.mu.Lock()
		r.query = q
		all := slices.Clone(r.all)
		r.mu.Unlock()
		for page := range slices.Chunk(all, q.Limit) {
			if !yield(page, nil) {
				return
			}
		}
	}
}

func (r *records) remove(_ context.Context, id saga.ID) error {
	r.mu.Lock()
	r.deletes++
	r.now++
	r.most = max(r.most, r.now)
	r.mu.Unlock()
	time.Sleep(time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now--
	if r.deleteErr != nil {
		return r.deleteErr
	}
	r.all = slices.DeleteFunc(r.all, func(record saga.Record) bool { return record.ID == id })
	return nil
}

func (r *records) left() []saga.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// run runs a cleaner until the test ends.
func (r *records) run(t *testing.T, c retention.Cleaner) {
	t.Helper()
	c.Logger, c.Pages, c.Delete = slog.New(slog.DiscardHandler), r.pages, r.remove
	if c.Every == 0 {
		c.Every = time.Hour
	}
	stopping := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { c.Run(t.Context(), stopping) })
	t.Cleanup(func() {
		close(stopping)
		running.Wait()
	})
}

func TestCleaner(t *testing.T) {
	for name, test := range map[string]func(*testing.T, *records){
		"deletes sagas that are too old": func(t *testing.T, r *records) {
			r.add(600)
			time.Sleep(time.Hour)
			r.add(2)
			young := r.left()[600:]
			r.run(t, retention.Cleaner{MaxAge: 30 * time.Minute})
			time.Sleep(time.Minute)
			require.Equal(t, young, r.left())
		},
		"keeps the sagas that have finished last": func(t *testing.T, r *records) {
			r.add(600)
			time.Sleep(time.Hour)
			r.add(2)
			young := r.left()[600:]
			r.run(t, retention.Cleaner{MaxCount: 2})
			time.Sleep(time.Minute)
			require.Equal(t, young, r.left())
		},
		"keeps the sagas that neither rule deletes": func(t *testing.T, r *records) {
			r.add(3)
			r.run(t, retention.Cleaner{MaxAge: 2 * time.Hour, MaxCount: 3})
			time.Sleep(time.Hour)
			require.Len(t, r.left(), 3)
		},
		"deletes 16 at a time": func(t *testing.T, r *records) {
			r.add(160)
			time.Sleep(time.Hour)
			r.run(t, retention.Cleaner{MaxAge: time.Minute})
			time.Sleep(10*time.Second + time.Millisecond)
			require.Empty(t, r.left())
			require.Equal(t, 16, r.most)
		},
		"stops at an error until the next round": func(t *testing.T, r *records) {
			r.add(100)
			r.deleteErr = errors.New("down")
			time.Sleep(time.Hour)
			r.run(t, retention.Cleaner{MaxAge: time.Minute})
			time.Sleep(time.Minute)
			r.mu.Lock()
			require.Equal(t, 16, r.most)
			require.Zero(t, r.now)
			r.deleteErr = nil
			r.mu.Unlock()
			time.Sleep(time.Hour)
			require.Empty(t, r.left())
		},
		"ignores sagas that others have deleted": func(t *testing.T, r *records) {
			r.add(100)
			r.deleteErr = store.ErrNotFound
			time.Sleep(time.Hour)
			r.run(t, retention.Cleaner{MaxAge: time.Minute})
			time.Sleep(time.Minute)
			r.mu.Lock()
			defer r.mu.Unlock()
			require.Equal(t, 100, r.deletes)
		},
		"asks for the finished sagas of its queue": func(t *testing.T, r *records) {
			r.run(t, retention.Cleaner{Queue: "q", MaxAge: time.Minute})
			synctest.Wait()
			require.Equal(t, []string{"q"}, r.query.Queues)
			require.ElementsMatch(t,
				[]saga.State{saga.StateSucceeded, saga.StateFailed, saga.StateAbandoned}, r.query.States)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, new(records)) })
		})
	}
}
