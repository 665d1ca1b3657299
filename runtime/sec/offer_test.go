package sec_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
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
	r.mu.Lock()
	r.released[id]++
	r.mu.Unlock()
	return r.Store.Release(ctx, id, generation)
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

func TestSagaThatACoordinatorCanNotRunIsRunByAnother(t *testing.T) {
	for name, state := range map[string]saga.State{"running": saga.StateRunning, "unwinding": saga.StateUnwinding} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newReleasesStore()
				var log []saga.Event
				if state == saga.StateUnwinding {
					log = []saga.Event{{Seq: 0, Node: 1, Kind: saga.EventStarted}, {Seq: 1, Node: 1, Kind: saga.EventFailed}}
				}
				id := plant(t, st, chain(), state, log)
				old := ignorant(t, st)
				synctest.Wait()
				status, err := old.Status(t.Context(), id)
				require.NoError(t, err)
				require.ErrorIs(t, status.Parked, saga.ErrUnknownAction)

				w := newWorld()
				began := time.Now()
				c := withLeases(t, st, w.registry())
				for _, waiting := range []*sec.Coordinator{old, c} {
					_, err = waiting.Wait(t.Context(), id)
					if state == saga.StateUnwinding {
						assert.Equal(t, saga.StateFailed, failedError(t, err).State)
						continue
					}
					require.NoError(t, err)
					assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
				}
				assert.Less(t, time.Since(began), 4*time.Second, "within some looks, and no lease")
				status, err = old.Status(t.Context(), id)
				require.NoError(t, err)
				assert.NoError(t, status.Parked)
				assert.True(t, status.State.Final())
			})
		})
	}
}

// None of two that can't run a saga keeps it, and a third that can needn't wait for a lease.
func TestSagaThatNobodyCanRunWaitsForWhoCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		first, second := ignorant(t, st), ignorant(t, st)
		began := time.Now()
		_, err := first.Wait(t.Context(), id)
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorIs(t, err, saga.ErrUnknownAction)
		assert.Less(t, time.Since(began), 10*time.Second)
		time.Sleep(time.Hour)
		claimed, released := st.counts(id)
		assert.Equal(t, 2, claimed, "once by each")
		assert.Equal(t, 2, released)
		record, err := st.Load(t.Context(), id)
		require.NoError(t, err)
		assert.Empty(t, record.Owner)
		for _, c := range []*sec.Coordinator{first, second} {
			assert.Empty(t, c.Owned())
			status, err := c.Status(t.Context(), id)
			require.NoError(t, err)
			require.ErrorIs(t, status.Parked, saga.ErrUnknownAction)
			assert.ErrorContains(t, status.Parked, `saga is parked: `)
		}

		w := newWorld()
		_, err = withLeases(t, st, w.registry()).Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

func TestReleasedSagaIsTakenAtOnceIfTheStoreIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		began := time.Now()
		old := ignorant(t, st)
		synctest.Wait()
		c := newWorld().configured(t, sec.Config{Store: st, Lease: lease, Poll: time.Hour})
		synctest.Wait()
		var ids []saga.ID
		for range 20 {
			id := saga.NewID()
			require.NoError(t, newClient(t, sec.Config{Store: st}).CreateAndStart(t.Context(), id, chain()))
			ids = append(ids, id)
		}
		for _, id := range ids {
			_, err := c.Wait(t.Context(), id)
			require.NoError(t, err)
			_, err = old.Wait(t.Context(), id)
			require.NoError(t, err)
		}
		assert.Less(t, time.Since(began), 10*time.Second)
	})
}

// What is beyond the bound of what a coordinator remembers is handed over in time, and none is handed to and fro all the time.
func TestMoreSagasThanAreRememberedAreHandedOverInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		const sagas, remembered = 1300, 1000
		var ids []saga.ID
		for range sagas {
			ids = append(ids, plant(t, st, chain(), saga.StateRunning, nil))
		}
		first, second := ignorant(t, st), ignorant(t, st)
		const minutes = 20
		time.Sleep(minutes * time.Minute)
		claimed, left := st.total()
		assert.Equal(t, remembered, left)
		assert.Less(t, claimed, 2*remembered*(minutes+1), "each claims no more in a minute than it may release")
		assert.LessOrEqual(t, len(first.Owned())+len(second.Owned()), sagas)

		w := newWorld()
		c := withLeases(t, st, w.registry())
		time.Sleep(10 * time.Minute)
		for _, id := range ids {
			_, err := c.Wait(t.Context(), id)
			require.NoError(t, err)
		}
		assert.Equal(t, sagas, w.count("do c"))
	})
}

func TestParkedSagaIsKeptUntilItCanBeReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		st.fail.Store(true)
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := ignorant(t, st)
		synctest.Wait()
		w := newWorld()
		withLeases(t, st, w.registry())
		time.Sleep(10 * lease)
		claimed, _ := st.counts(id)
		assert.Equal(t, 1, claimed)
		assert.Len(t, old.Owned(), 1)
		status, err := old.Status(t.Context(), id)
		require.NoError(t, err)
		require.ErrorIs(t, status.Parked, saga.ErrUnknownAction)
		st.fail.Store(false)
		_, err = old.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// A release whose answer is lost has had its effect. Whoever has the saga then keeps it.
func TestReleaseWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &lostRelease{Store: store.NewMemory()}
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := ignorant(t, st)
		time.Sleep(time.Minute)
		assert.EqualValues(t, 2, st.releases.Load(), "the second is fenced")
		assert.Empty(t, old.Owned())
		record, err := st.Load(t.Context(), id)
		require.NoError(t, err)
		assert.EqualValues(t, 3, record.Generation, "of a claim and a release")
		status, err := old.Status(t.Context(), id)
		require.NoError(t, err)
		assert.ErrorIs(t, status.Parked, saga.ErrUnknownAction)
	})
}

// lostRelease has the effect of the first release, and doesn't say so.
type lostRelease struct {
	store.Store
	releases atomic.Int32
}

func (l *lostRelease) Release(ctx context.Context, id saga.ID, generation uint64) error {
	err := l.Store.Release(ctx, id, generation)
	if l.releases.Add(1) == 1 {
		return errStore
	}
	return err
}

// Who is asked to do something to a saga that it can't run says so, until another has it.
func TestOrderForAReleasedSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		running := plant(t, st, chain(), saga.StateRunning, nil)
		stuck := plant(t, st, chain(), saga.StateStuck, []saga.Event{
			{Seq: 0, Node: 1, Kind: saga.EventStarted}, {Seq: 1, Node: 1, Kind: saga.EventSucceeded, Payload: []byte(`"a"`)},
			{Seq: 2, Node: 2, Kind: saga.EventStarted}, {Seq: 3, Node: 2, Kind: saga.EventFailed},
			{Seq: 4, Node: 1, Kind: saga.EventUndoStarted}, {Seq: 5, Node: 1, Kind: saga.EventUndoFailed},
		})
		abandoned := plant(t, st, chain(), saga.StateRunning, nil)
		old := ignorant(t, st)
		time.Sleep(time.Minute)
		require.ErrorIs(t, old.Cancel(t.Context(), running, because), saga.ErrUnknownAction)
		require.ErrorIs(t, old.RetryUndo(t.Context(), stuck, "a", because), saga.ErrUnknownAction)
		client := newClient(t, sec.Config{Store: st})
		require.NoError(t, client.Pause(t.Context(), running, because), "from elsewhere it is recorded")
		time.Sleep(time.Minute)
		status, err := old.Status(t.Context(), running)
		require.NoError(t, err)
		assert.True(t, status.Paused)
		assert.ErrorIs(t, status.Parked, saga.ErrUnknownAction)

		for range 2 {
			require.NoError(t, old.Abandon(t.Context(), abandoned, because))
		}
		called, err := st.List(t.Context(), store.Query{Called: true})
		require.NoError(t, err)
		assert.Empty(t, called, "nobody is there to be called")

		w := newWorld()
		c := withLeases(t, st, w.registry())
		time.Sleep(time.Minute)
		require.NoError(t, old.Abandon(t.Context(), running, because), "it is paused")
		require.NoError(t, old.RetryUndo(t.Context(), stuck, "a", because))
		_, err = c.Wait(t.Context(), stuck)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, []string{"undo a"}, w.calls())
	})
}

func TestReleasedSagaThatAnotherRunsCanNotBeAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := ignorant(t, st)
		time.Sleep(time.Minute)
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(time.Minute); return nil })
		c := withLeases(t, st, w.registry())
		synctest.Wait()
		assert.ErrorIs(t, old.Abandon(t.Context(), id, because), saga.ErrWrongState)
		_, err := c.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

func TestSagaThatWasReleasedAndWhoseOwnerIsGoneIsLeftToOthersStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := ignorant(t, st)
		time.Sleep(time.Minute)
		w := newWorld()
		w.on("do b", func(ctx saga.ActionContext) error { <-ctx.Done(); return ctx.Err() })
		c, err := sec.New(sec.Config{Store: st, Registry: w.registry(), Lease: lease, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Shutdown(ctx), context.DeadlineExceeded)
		time.Sleep(time.Hour)
		claimed, _ := st.counts(id)
		assert.Equal(t, 2, claimed)
		status, err := old.Status(t.Context(), id)
		require.NoError(t, err)
		assert.NoError(t, status.Parked, "it has an owner")

		_, err = withLeases(t, st, newWorld().registry()).Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

// The log of a saga may make no sense to anybody. It is abandoned from where it was parked first, whoever has released it last.
func TestSagaThatMakesNoSenseToAnybodyIsAbandonedFromAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		var ids []saga.ID
		var coordinators []*sec.Coordinator
		for range 3 {
			ids = append(ids, plant(t, st, chain(), saga.StateRunning, []saga.Event{{Node: 3, Kind: saga.EventStarted}}))
			coordinators = append(coordinators, withLeases(t, st, newWorld().registry()))
		}
		time.Sleep(time.Hour)
		for i, c := range coordinators {
			claimed, _ := st.counts(ids[i])
			assert.Equal(t, 3, claimed)
			require.NoError(t, c.Abandon(t.Context(), ids[i], because))
			record, err := st.Load(t.Context(), ids[i])
			require.NoError(t, err)
			assert.Equal(t, saga.StateAbandoned, record.State)
		}
	})
}

func TestReleaseIsLoggedWithItsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		var text bytes.Buffer
		seen := &recorder{}
		c, err := sec.New(sec.Config{
			Store: st, Registry: saga.NewRegistry(), Lease: lease, Observer: seen, Logger: slog.New(slog.NewTextHandler(&text, nil)),
		})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.NoError(t, c.Shutdown(t.Context()))
		assert.Contains(t, text.String(), fmt.Sprintf(`level=INFO msg="saga released, for another coordinator to go on with" saga=%s error="saga is parked: `, id))
		require.Len(t, seen.all(), 1)
		assert.Equal(t, "parking", seen.all()[0])
	})
}

func TestWithoutLeasesAParkedSagaIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newReleasesStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		c := openWith(t, st, saga.NewRegistry())
		time.Sleep(time.Hour)
		_, released := st.counts(id)
		assert.Zero(t, released)
		assert.Len(t, c.Owned(), 1)
	})
}
