package sec_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

const lease = 20 * time.Second

// A coordinator that is cut off from the store stops acting before another can begin, and the other goes on.
func TestCoordinatorThatCanNotRenewStopsBeforeAnotherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		cut := &faultyStore{Store: shared, fault: hangBefore, first: 1 << 30, last: 1 << 30}
		first, second := newWorld(), newWorld()
		var stopped, began time.Time
		first.on("do b", func(ctx saga.ActionContext) error {
			<-ctx.Done()
			stopped = time.Now()
			return ctx.Err()
		})
		second.on("do b", func(saga.ActionContext) error { began = time.Now(); return nil })
		c1 := first.configured(t, sec.Config{Store: cut, Lease: lease})
		c2 := second.configured(t, sec.Config{Store: shared, Lease: lease})
		id := saga.NewID()
		require.NoError(t, c1.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		cutAt := time.Now()
		cut.cutOff(true)

		_, err := c2.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.True(t, stopped.Before(began), "stopped at %v, the other began at %v", stopped, began)
		assert.LessOrEqual(t, began.Sub(cutAt), 2*lease)
		assert.Equal(t, []string{"do a", "do b"}, first.calls())
		assert.Equal(t, []string{"do b", "do c"}, second.calls())

		cut.cutOff(false)
		time.Sleep(lease)
		_, _, err = run(t, c1, withParams(saga.NewDAGBuilder("s").Append(act("x"))))
		require.NoError(t, err, "it goes on when the store does")
		_, err = c1.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

func TestLeaseIsRenewedAsLongAsTheCoordinatorLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		first, second := newWorld(), newWorld()
		first.on("do b", func(ctx saga.ActionContext) error { time.Sleep(10 * lease); return ctx.Err() })
		c1 := first.configured(t, sec.Config{Store: shared, Lease: lease})
		second.configured(t, sec.Config{Store: shared, Lease: lease})
		_, _, err := run(t, c1, chain())
		require.NoError(t, err)
		assert.Empty(t, second.calls())
	})
}

func TestCrashedCoordinatorsSagasGoOnAfterTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		id := plantLeased(t, shared, lease)
		w := newWorld()
		began := time.Now()
		c := w.configured(t, sec.Config{Store: shared, Lease: lease})
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), lease)
		assert.LessOrEqual(t, time.Since(began), 2*lease)
	})
}

func TestShutdownGivesTheSagasBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		w := newWorld()
		c1 := w.configured(t, sec.Config{Store: shared, Lease: time.Hour})
		id := saga.NewID()
		require.NoError(t, c1.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, c1.Shutdown(t.Context()))
		began := time.Now()
		_, err := newWorld().configured(t, sec.Config{Store: shared, Lease: time.Hour}).Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Less(t, time.Since(began), time.Second)
	})
}

// Sagas that are parked are let go with the lease too.
func TestParkedSagaIsForgottenWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		poison := plant(t, shared, chain(), saga.StateRunning, []saga.Event{{Node: 3, Kind: saga.EventStarted}})
		cut := &faultyStore{Store: shared, fault: errorBefore, first: 1 << 30, last: 1 << 30}
		c := newWorld().configured(t, sec.Config{Store: cut, Lease: lease})
		synctest.Wait()
		require.Len(t, c.Owned(), 1)
		cut.cutOff(true)
		time.Sleep(lease)
		assert.Empty(t, c.Owned())
		cut.cutOff(false)
		time.Sleep(2 * lease)
		_, err := c.Wait(t.Context(), poison)
		assert.ErrorIs(t, err, saga.ErrParked)
	})
}
