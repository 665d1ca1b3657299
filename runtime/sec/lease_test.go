package sec_test

import (
	"context"
	"log/slog"
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

const lease = 20 * time.Second

// A coordinator that is cut off from the store stops its actions before another
// one can take its sagas over.
func TestCoordinatorThatCannotRenewStopsBeforeAnotherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		first, second := newWorld(), newWorld()
		var stopped, began time.Time
		first.on("do b", func(ctx saga.ActionContext) error {
			<-ctx.Done()
			stopped = time.Now()
			return ctx.Err()
		})
		second.on("do b", func(saga.ActionContext) error { began = time.Now(); return nil })
		c1 := first.configured(t, sec.Config{Store: st, Lease: lease})
		c2 := second.configured(t, sec.Config{Store: st.memory, Lease: lease})
		id := saga.NewID()
		require.NoError(t, c1.CreateAndStart(t.Context(), id, chain()))
		synctest.Wait()
		cutAt := time.Now()
		st.on(everyMethod, hangs)

		_, err := c2.Wait(t.Context(), id)
		require.NoError(t, err)
		synctest.Wait()
		assert.True(t, stopped.Before(began), "the first stopped at %v, the second began at %v", stopped, began)
		assert.LessOrEqual(t, began.Sub(cutAt), 2*lease)
		assert.Equal(t, []string{"do a", "do b"}, first.calls())
		assert.Equal(t, []string{"do b", "do c"}, second.calls())

		st.on(everyMethod, passes)
		time.Sleep(lease)
		_, _, err = run(t, c1, withParams(saga.NewDAGBuilder("s").Append(act("x"))))
		require.NoError(t, err, "the coordinator works again when the store does")
		_, err = c1.Wait(t.Context(), id)
		assert.NoError(t, err)
	})
}

func TestLeaseIsRenewedWhileTheCoordinatorRuns(t *testing.T) {
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

func TestSagasOfACrashedCoordinatorAreRecoveredAfterTheLease(t *testing.T) {
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

func TestStopReleasesTheSagasAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory()
		w := newWorld()
		c1 := w.configured(t, sec.Config{Store: shared, Lease: time.Hour})
		id := saga.NewID()
		require.NoError(t, c1.CreateAndStart(t.Context(), id, chain()))
		require.NoError(t, c1.Stop(t.Context()))
		began := time.Now()
		_, err := newWorld().configured(t, sec.Config{Store: shared, Lease: time.Hour}).Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Less(t, time.Since(began), time.Second)
	})
}

// When the lease expires, parked and created sagas are released, too.
func TestParkedAndCreatedSagasAreReleasedWhenTheLeaseExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		st.on("Release", fails)
		parked := plant(t, st, chain(), saga.StateRunning, []engine.Event{{Node: 3, Kind: engine.EventStarted}})
		c := newWorld().configured(t, sec.Config{Store: st, Lease: lease})
		require.NoError(t, c.Create(t.Context(), saga.NewID(), chain()))
		synctest.Wait()
		require.Len(t, c.InMemory(), 2)
		st.on(everyMethod, fails)
		time.Sleep(lease)
		assert.Empty(t, c.InMemory())
		st.on(everyMethod, passes)
		time.Sleep(2 * lease)
		_, err := c.Wait(t.Context(), parked)
		assert.ErrorIs(t, err, saga.ErrParked)
	})
}

func TestStopIsBoundedWhileARenewalHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Renew", func(c *call) error {
			if c.lease > 0 {
				return hangs(c)
			}
			return c.do() // releases work
		})
		c, err := sec.New(sec.Config{Store: st, Lease: lease, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		require.NoError(t, c.Start())
		time.Sleep(lease/4 + time.Second)
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		began := time.Now()
		assert.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestSagaClaimedInAnEarlierLeaseSessionIsClaimedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		id := plant(t, st, chain(), saga.StateRunning, nil)
		st.on("Claim", at(1, func(c *call) error {
			err := c.do()
			st.on("Renew", fails)
			defer st.on("Renew", passes)
			time.Sleep(lease) // it returns when its lease has expired
			return err
		}))
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error {
			record, err := st.Load(t.Context(), id)
			assert.NoError(t, err)
			assert.EqualValues(t, 3, record.Generation, "after two claims")
			return nil
		})
		c := w.configured(t, sec.Config{Store: st, Lease: lease})
		time.Sleep(2 * lease)
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

func TestLeasesAreRenewedAtTheStartAndEachQuarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		withLeases(t, st, saga.NewRegistry())
		synctest.Wait()
		assert.Equal(t, 1, st.calls("Renew"))
		time.Sleep(lease + time.Millisecond)
		synctest.Wait()
		assert.Equal(t, 5, st.calls("Renew"))
	})
}
