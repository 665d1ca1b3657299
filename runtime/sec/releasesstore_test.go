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

// releasesStore counts claims and releases. It is not a store.Watcher, so
// coordinators find changes only by polling.
type releasesStore struct {
	store.Store
	fail atomic.Bool // releases fail

	mu                sync.Mutex
	claimed, released map[saga.ID]int
	excepted          int // the largest number of IDs in the Except of a claim
}

func newReleasesStore() *releasesStore {
	return &releasesStore{Store: store.NewMemory(), claimed: map[saga.ID]int{}, released: map[saga.ID]int{}}
}

func (r *releasesStore) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	records, err := r.Store.Claim(ctx, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.excepted = max(r.excepted, len(c.Except))
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
	if err == nil { // a repeated release is refused
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

// total returns how often sagas were claimed, and the largest number of IDs in
// the Except of a claim.
func (r *releasesStore) total() (claimed, excepted int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.claimed {
		claimed += n
	}
	return claimed, r.excepted
}

// withoutActions starts a coordinator with leases and an empty registry.
func withoutActions(t *testing.T, st store.Store) *sec.Coordinator {
	t.Helper()
	return withLeases(t, st, saga.NewRegistry())
}

// withLeases starts a coordinator with leases and the given registry.
func withLeases(t *testing.T, st store.Store, registry *saga.Registry) *sec.Coordinator {
	t.Helper()
	c, err := sec.New(sec.Config{Store: st, Registry: registry, Lease: lease, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}
