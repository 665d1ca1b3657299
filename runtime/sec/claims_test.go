package sec_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// claimStore calls claim in place of Claim.
type claimStore struct {
	store.Store
	claim func(context.Context, store.Claim) ([]saga.Record, error)
	polls atomic.Int32 // polls for notifications of the owner
}

func (s *claimStore) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	return s.claim(ctx, c)
}

func (s *claimStore) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	if q.Notified {
		s.polls.Add(1)
	}
	return s.Store.List(ctx, q)
}

// Without leases, a coordinator claims the sagas of other owners only at its
// start. It takes a saga over even if its first claim skips it.
func TestSagaSkippedByTheFirstClaimIsTakenOver(t *testing.T) {
	for _, sagas := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			memory := store.NewMemory()
			ids := plantMany(t, memory, sagas)
			claims := 0
			st := &claimStore{Store: memory, claim: func(ctx context.Context, c store.Claim) ([]saga.Record, error) {
				if claims++; claims == 1 { // the store skips it, as another transaction has locked it
					c.Except = append(slices.Clone(c.Except), ids[0])
				}
				return memory.Claim(ctx, c)
			}}
			w := newWorld()
			w.open(t, st)
			time.Sleep(time.Minute)
			assert.Equal(t, sagas, w.count("do c"))
		})
	}
}

// A database claims all sagas that a call asks for, or none if the call times
// out. Sagas may take much longer to claim than the previous ones.
func TestClaimLimitIsReducedAfterATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const small, large = 700, 300
		memory := store.NewMemory()
		ids := plantMany(t, memory, small+large)
		slow := map[saga.ID]bool{}
		slices.SortFunc(ids, func(a, b saga.ID) int { return slices.Compare(a[:], b[:]) })
		for _, id := range ids[small:] {
			slow[id] = true
		}
		st := &claimStore{Store: memory, claim: func(ctx context.Context, c store.Claim) ([]saga.Record, error) {
			wanted, err := memory.List(ctx, saga.Query{Owner: "crashed", Limit: c.Limit})
			require.NoError(t, err)
			for _, r := range wanted {
				if slow[r.ID] {
					time.Sleep(50 * time.Millisecond)
				}
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return memory.Claim(ctx, c)
		}}
		w := newWorld()
		w.configured(t, sec.Config{Store: st, StoreTimeout: time.Second})
		time.Sleep(5 * time.Minute)
		assert.Equal(t, small+large, w.count("do c"))
	})
}

// While clients create sagas, each claim finds some. The poller must do its
// other work nevertheless.
func TestNotificationsArePolledWhileClientsCreateSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := store.NewMemory()
		st := &claimStore{Store: memory, claim: func(ctx context.Context, c store.Claim) ([]saga.Record, error) {
			time.Sleep(10 * time.Millisecond)
			return memory.Claim(ctx, c)
		}}
		w := newWorld()
		w.configured(t, sec.Config{Store: st, Lease: lease, Poll: time.Hour})
		client, err := sec.NewClient(sec.ClientConfig{Store: memory, Registry: w.registry()})
		require.NoError(t, err)
		for range 1000 {
			require.NoError(t, client.CreateAndStart(t.Context(), saga.NewID(), chain()))
			time.Sleep(5 * time.Millisecond)
		}
		assert.Greater(t, st.polls.Load(), int32(50), "the clients create sagas for five seconds")
		time.Sleep(2 * time.Hour)
		assert.Equal(t, 1000, w.count("do c"))
	})
}
