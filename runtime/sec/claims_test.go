package sec_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// Without leases, a coordinator claims the sagas of other owners only at its
// start. It takes a saga over even if its first claim skips it.
func TestSagaSkippedByTheFirstClaimIsTakenOver(t *testing.T) {
	for _, sagas := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			st := newFakeStore()
			ids := plantMany(t, st, sagas)
			st.on("Claim", at(1, func(c *call) error { // the store skips it, as another transaction has locked it
				c.claim.Except = append(slices.Clone(c.claim.Except), ids[0])
				return c.do()
			}))
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
		st := newFakeStore()
		ids := plantMany(t, st, small+large)
		slow := map[saga.ID]bool{}
		slices.SortFunc(ids, func(a, b saga.ID) int { return slices.Compare(a[:], b[:]) })
		for _, id := range ids[small:] {
			slow[id] = true
		}
		st.on("Claim", func(c *call) error {
			wanted, err := st.memory.List(c.ctx, saga.Query{Owner: "crashed", Limit: c.claim.Limit})
			require.NoError(t, err)
			for _, r := range wanted {
				if slow[r.ID] {
					time.Sleep(50 * time.Millisecond)
				}
			}
			return c.do() // an error if the call has timed out
		})
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
		st := newFakeStore()
		st.on("Claim", takes(10*time.Millisecond, passes))
		var polls atomic.Int32
		st.on("List", func(c *call) error {
			if c.query.Notified {
				polls.Add(1)
			}
			return c.do()
		})
		w := newWorld()
		w.configured(t, sec.Config{Store: st, Lease: lease, Poll: time.Hour})
		client, err := sec.NewClient(sec.ClientConfig{Store: st.memory, Registry: w.registry()})
		require.NoError(t, err)
		for range 1000 {
			require.NoError(t, client.CreateAndStart(t.Context(), saga.NewID(), chain()))
			time.Sleep(5 * time.Millisecond)
		}
		assert.Greater(t, polls.Load(), int32(50), "the clients create sagas for five seconds")
		time.Sleep(2 * time.Hour)
		assert.Equal(t, 1000, w.count("do c"))
	})
}
