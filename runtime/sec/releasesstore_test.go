package sec_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// releasesStore notes what is claimed and released. It can't be watched, so that what is told here is found by looking.
type releasesStore struct {
	store.Store
	fail atomic.Bool // releases fail

	mu                sync.Mutex
	claimed, released map[saga.ID]int
	left              int // how many IDs the claims have left out at most
}

func newReleasesStore() *releasesStore {
	return &releasesStore{Store: store.NewMemory(), claimed: map[saga.ID]int{}, released: map[saga.ID]int{}}
}

func (r *releasesStore) Claim(ctx context.Context, c store.Claim) ([]store.Record, error) {
	records, err := r.Store.Claim(ctx, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = max(r.left, len(c.Except))
	for i := range records {
		r.claimed[records[i].ID]++
	}
	return records, err
}

func (r *releasesStore) Release(ctx context.Context, id saga.ID, generation uint64) error {
	if r.fail.Load() {
		return errStore
	}
	err := r.Store.Release(ctx, id, generation)
	if err == nil { // who asks for a saga while it is released may have it released again, which is refused
		r.mu.Lock()
		r.released[id]++
		r.mu.Unlock()
	}
	return err
}

// counts returns how often a saga was claimed and released.
func (r *releasesStore) counts(id saga.ID) (claimed, released int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.claimed[id], r.released[id]
}

// total returns how often sagas were claimed, and how many IDs the claims have left out at most.
func (r *releasesStore) total() (claimed, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.claimed {
		claimed += n
	}
	return claimed, r.left
}

// ignorant starts a coordinator with leases that knows no action.
func ignorant(t *testing.T, st store.Store) *sec.Coordinator {
	t.Helper()
	return withLeases(t, st, saga.NewRegistry())
}

func withLeases(t *testing.T, st store.Store, registry *saga.Registry) *sec.Coordinator {
	t.Helper()
	c, err := sec.New(sec.Config{Store: st, Registry: registry, Lease: lease, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Shutdown(context.Background())) })
	return c
}
