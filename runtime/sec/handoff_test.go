package sec_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

func TestParkedSagaIsRunByAnotherCoordinator(t *testing.T) {
	for name, state := range map[string]saga.State{"running": saga.StateRunning, "unwinding": saga.StateUnwinding} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newUnwatchedStore()
				var log []engine.Event
				if state == saga.StateUnwinding {
					log = []engine.Event{
						{Seq: 0, Node: 1, Kind: engine.EventStarted},
						{Seq: 1, Node: 1, Kind: engine.EventFailed},
					}
				}
				id := plant(t, st, chain(), state, log)
				old := withoutActions(t, st)
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
				assert.Less(t, time.Since(began), 4*time.Second, "within a few polls, without waiting for a lease")
				status, err = old.Status(t.Context(), id)
				require.NoError(t, err)
				assert.NoError(t, status.Parked)
				assert.True(t, status.State.Final())
			})
		})
	}
}

// Two coordinators that can't run a saga both hand it off. A third one that can
// run it claims it without waiting for a lease.
func TestParkedSagaWaitsForACoordinatorThatCanRunIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		first, second := withoutActions(t, st), withoutActions(t, st)
		began := time.Now()
		_, err := first.Wait(t.Context(), id)
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorIs(t, err, saga.ErrUnknownAction)
		assert.Less(t, time.Since(began), 10*time.Second)
		time.Sleep(time.Hour)
		assert.Equal(t, 2, st.count("Claim", id), "once by each coordinator")
		assert.Equal(t, 2, st.count("Release", id))
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

func TestHandedOffSagaIsClaimedAtOnceIfTheStoreIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		began := time.Now()
		old := withoutActions(t, st)
		synctest.Wait()
		c := newWorld().configured(t, sec.Config{Store: st, Lease: lease, Poll: time.Hour})
		synctest.Wait()
		var ids []saga.ID
		for range 20 {
			id := saga.NewID()
			require.NoError(t, newClient(t, sec.ClientConfig{Store: st}).CreateAndStart(t.Context(), id, chain()))
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

// There are more parked sagas than a coordinator may remember as handed off.
// The others are handed off later, and none is passed back and forth all the
// time.
func TestMoreThanMaxHandoffsAreHandedOffEventually(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		var excepted atomic.Int64
		st.on("Claim", func(c *call) error {
			excepted.Store(max(excepted.Load(), int64(len(c.claim.Except))))
			return c.do()
		})
		const sagas, remembered = 1300, 1000
		var ids []saga.ID
		for range sagas {
			ids = append(ids, plant(t, st, chain(), saga.StateRunning, nil))
		}
		first, second := withoutActions(t, st), withoutActions(t, st)
		const minutes = 20
		time.Sleep(minutes * time.Minute)
		assert.EqualValues(t, remembered, excepted.Load(), "the largest number of sagas that a claim excepts")
		assert.Less(t, len(slices.Concat(st.sagas("Claim")...)), 2*remembered*(minutes+1),
			"each coordinator claims in a minute no more than it may release")
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
		st := newUnwatchedStore()
		st.on("Release", fails)
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := withoutActions(t, st)
		synctest.Wait()
		w := newWorld()
		withLeases(t, st, w.registry())
		time.Sleep(10 * lease)
		assert.Equal(t, 1, st.count("Claim", id))
		assert.Len(t, old.InMemory(), 1)
		status, err := old.Status(t.Context(), id)
		require.NoError(t, err)
		require.ErrorIs(t, status.Parked, saga.ErrUnknownAction)
		st.on("Release", passes)
		_, err = old.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}

// The reply of a release is lost. When the coordinator repeats the release, the
// store refuses it, so that a new owner would keep the saga.
func TestReleaseWithALostReplyTakesEffectOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		st.on("Release", at(1, losesReply))
		id := plant(t, st, chain(), saga.StateRunning, nil)
		old := withoutActions(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, 2, st.calls("Release"), "the second is fenced")
		assert.Empty(t, old.InMemory())
		record, err := st.Load(t.Context(), id)
		require.NoError(t, err)
		assert.EqualValues(t, 3, record.Generation, "after a claim and a release")
		status, err := old.Status(t.Context(), id)
		require.NoError(t, err)
		assert.ErrorIs(t, status.Parked, saga.ErrUnknownAction)
	})
}

func TestHandoffIsLoggedWithItsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		var text bytes.Buffer
		seen := &recorder{}
		c, err := sec.New(sec.Config{
			Store: st, Registry: saga.NewRegistry(), Lease: lease, Observer: seen,
			Logger: slog.New(slog.NewTextHandler(&text, nil)),
		})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		time.Sleep(time.Minute)
		require.NoError(t, c.Stop(t.Context()))
		assert.Contains(t, text.String(), `level=INFO msg="parked saga released for another coordinator" `+
			fmt.Sprintf(`saga=%s error="saga is parked: `, id))
		require.Len(t, seen.all(), 1)
		assert.Equal(t, "parking", seen.all()[0])
	})
}

func TestParkedSagaIsKeptWithoutLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		c := openWith(t, st, saga.NewRegistry())
		time.Sleep(time.Hour)
		assert.Zero(t, st.count("Release", id))
		assert.Len(t, c.InMemory(), 1)
	})
}
