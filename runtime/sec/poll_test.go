package sec_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

func TestCoordinatorClaimsOnlySagasOfItsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		mail, bills := newWorld(), newWorld()
		for queue, w := range map[string]*world{"mail": mail, "bills": bills} {
			c, err := sec.New(sec.Config{Store: st, Registry: w.registry(), Queue: queue})
			require.NoError(t, err)
			require.NoError(t, c.Start())
			defer func() { require.NoError(t, c.Stop(context.Background())) }()
		}
		for _, queue := range []string{"mail", "mail", "bills", "unused"} {
			client := newClient(t, sec.ClientConfig{Store: st, Queue: queue})
			require.NoError(t, client.CreateAndStart(t.Context(), saga.NewID(), chain()))
		}
		time.Sleep(time.Minute)
		assert.Equal(t, 2, mail.count("do c"))
		assert.Equal(t, 1, bills.count("do c"))
		waiting, err := st.List(t.Context(), saga.Query{Queues: []string{"unused"}})
		require.NoError(t, err)
		require.Len(t, waiting, 1)
		assert.Equal(t, saga.StateRunning, waiting[0].State)
		assert.Empty(t, waiting[0].Owner)
	})
}

// A coordinator leaves sagas to others if it has no room for them now.
func TestCoordinatorClaimsNoMoreThanMaxSagas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		client := newClient(t, sec.ClientConfig{Store: st})
		for range 20 {
			require.NoError(t, client.CreateAndStart(t.Context(), saga.NewID(), chain()))
		}
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(10 * time.Second); return nil })
		c, err := sec.New(sec.Config{Store: st, Registry: w.registry(), MaxSagas: 3, Poll: time.Hour})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		defer func() { require.NoError(t, c.Stop(context.Background())) }()
		synctest.Wait()
		assert.Len(t, c.InMemory(), 3)
		began := time.Now()
		for unfinished := 20; unfinished > 0; {
			time.Sleep(time.Second)
			running, err := st.List(t.Context(), saga.Query{States: []saga.State{saga.StateRunning}})
			require.NoError(t, err)
			unfinished = len(running)
			assert.LessOrEqual(t, len(c.InMemory()), 3)
		}
		assert.Less(t, time.Since(began), 75*time.Second,
			"seven rounds of ten seconds: the coordinator claims as soon as it has room, not at the next poll")
	})
}

func TestWatchIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Watch", between(1, 2, fails))
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, 3, st.calls("Watch"))
	})
}

// The owner clears the notifications of final sagas, too. Otherwise each poll
// would find them again.
func TestNotificationsAreCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		w.fail("do c")
		w.fail("undo b")
		c := w.open(t, st)
		stuck, _, err := run(t, c, chain())
		failedError(t, err)
		client := newClient(t, sec.ClientConfig{Store: st})
		require.NoError(t, client.Apply(t.Context(), stuck, saga.Abandon(audit)))
		idle := saga.NewID()
		require.NoError(t, c.Create(t.Context(), idle, chain()))
		require.NoError(t, client.Apply(t.Context(), idle, saga.Cancel(audit)))
		time.Sleep(time.Minute)
		notified, err := st.List(t.Context(), saga.Query{Notified: true})
		require.NoError(t, err)
		assert.Empty(t, notified)
		assert.Empty(t, c.InMemory())
	})
}

// A coordinator clears the notification of a saga that it can't run, once.
func TestNotificationOfAParkedSagaIsCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		unknown := withParams(saga.NewDAGBuilder("s").Append(saga.ActionNode("a", "", "gone")))
		id := plant(t, st, unknown, saga.StateRunning, nil)
		seen := &recorder{}
		c := newWorld().configured(t, sec.Config{Store: st, Observer: seen})
		synctest.Wait()
		require.NoError(t, newClient(t, sec.ClientConfig{Store: st}).Apply(t.Context(), id, saga.Pause(audit)))
		time.Sleep(time.Hour)
		notified, err := st.List(t.Context(), saga.Query{Notified: true})
		require.NoError(t, err)
		assert.Empty(t, notified)
		assert.Len(t, seen.all(), 2, "parked, and parked again with the command")
		status, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.True(t, status.Paused)
		assert.ErrorIs(t, status.Parked, saga.ErrUnknownAction)
	})
}
