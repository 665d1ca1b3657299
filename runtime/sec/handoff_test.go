package sec_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
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
			assert.Empty(t, c.InMemory())
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
		assert.LessOrEqual(t, len(first.InMemory())+len(second.InMemory()), sagas)

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
		assert.Len(t, old.InMemory(), 1)
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
		assert.Empty(t, old.InMemory())
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
		assert.Contains(t, text.String(), fmt.Sprintf(`level=INFO msg="parked saga released for another coordinator" saga=%s error="saga is parked: `, id))
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
		assert.Len(t, c.InMemory(), 1)
	})
}
