package sec_test

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
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

// The tests of this file are about many sagas that are taken over together.

// plantMany creates n sagas whose coordinator crashed while their first action
// ran.
func plantMany(t *testing.T, st store.Store, n int) []saga.ID {
	t.Helper()
	ids := make([]saga.ID, n)
	for i := range ids {
		ids[i] = plant(t, st, chain(), saga.StateRunning, []engine.Event{{Node: 1, Kind: engine.EventStarted}})
	}
	return ids
}

// waitForAll waits until sagas have succeeded.
func waitForAll(t *testing.T, c *sec.Coordinator, ids ...saga.ID) {
	t.Helper()
	for _, id := range ids {
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	}
}

func TestThousandSagasAreTakenOverWithFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		ids := plantMany(t, st, 1000)
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, 1000, w.count("do c"))
		var claimed []int
		for _, sagas := range st.sagas("Claim") {
			claimed = append(claimed, len(sagas))
		}
		assert.Equal(t, []int{100, 200, 400, 300}, claimed,
			"the first claims are small, so that the first sagas run soon")
		assert.Len(t, st.sagas("Logs"), 4)
		assert.Equal(t, 4, st.calls("Logs"))
		assert.Zero(t, st.calls("Events"))
		assert.ElementsMatch(t, ids, slices.Concat(st.sagas("Logs")...))
	})
}

// If a call that reads several logs fails in any way, each log is read by
// itself.
func TestLogsAreReadOneByOneWhenTheJointReadFails(t *testing.T) {
	for name, logs := range map[string]script{
		"error": fails,
		"hangs": hangs,
		"short": func(c *call) error { c.logs = make([][]engine.Event, 2); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newFakeStore()
				st.on("Logs", logs)
				ids := plantMany(t, st, 20)
				w := newWorld()
				w.open(t, st)
				time.Sleep(11 * time.Second) // the timeout of one call, and some more
				assert.Equal(t, 20, w.count("do c"))
				assert.ElementsMatch(t, ids, slices.Concat(st.sagas("Events")...))
			})
		})
	}
}

func TestUndecodableLogParksOnlyItsSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		ids := plantMany(t, st, 9)
		st.on("Events Logs", failsFor(ids[4], store.ErrUndecodable))
		w := newWorld()
		c := w.open(t, st)
		waitForAll(t, c, slices.Delete(slices.Clone(ids), 4, 5)...)
		_, err := c.Wait(t.Context(), ids[4])
		require.ErrorIs(t, err, saga.ErrParked)
		assert.ErrorIs(t, err, store.ErrUndecodable)
		assert.Equal(t, 8, w.count("do a"))
	})
}

// Another coordinator claims and resumes a saga between this coordinator's
// claim and its read of the log.
func TestSagaClaimedBeforeItsLogIsReadIsLeftToItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		ids := plantMany(t, st, 3)
		st.on("Logs", func(c *call) error {
			claimed, err := st.memory.Claim(c.ctx, store.Claim{Owner: "another", Lease: time.Hour, IDs: ids[1:2]})
			assert.NoError(t, err)
			assert.Len(t, claimed, 1)
			assert.NoError(t, st.memory.Append(c.ctx, store.Append{
				ID: ids[1], Generation: claimed[0].Generation, Seq: 1, State: saga.StateRunning,
				Events: []engine.Event{{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`"a"`)}},
			}))
			return c.do()
		})
		w := newWorld()
		c := w.open(t, st)
		waitForAll(t, c, ids[0], ids[2])
		time.Sleep(10 * time.Minute)
		assert.Equal(t, 2, w.count("do a"))
		assert.Equal(t, 2, w.count("do b"))
		assert.Empty(t, c.InMemory())
	})
}

// A caller waits for a saga that was claimed, while its log is being read. The
// saga must not be run for the caller, and then again from the log that is
// stale by then.
func TestSagaRequestedDuringARecoveryRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		ids := plantMany(t, st, 3)
		var coordinator atomic.Pointer[sec.Coordinator]
		result := make(chan error, 1)
		st.on("Logs", func(c *call) error {
			err := c.do()
			time.Sleep(time.Second) // until the coordinator is known
			go func() {
				_, err := coordinator.Load().Wait(t.Context(), ids[1])
				result <- err
			}()
			time.Sleep(5 * time.Second)
			return err
		})
		w := newWorld()
		c := w.open(t, st)
		coordinator.Store(c)
		require.NoError(t, <-result)
		waitForAll(t, c, ids...)
		time.Sleep(time.Minute)
		for _, call := range []string{"do a", "do b", "do c"} {
			assert.Equal(t, 3, w.count(call), call)
		}
	})
}

// The number of events that one call reads is limited, unless one saga has
// more.
func TestLongLogsAreReadSeparately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const long, limit = 3000, 2000
		pauses := make([]engine.Event, long) // each even number of them leaves the saga resumed
		for i := range pauses {
			pauses[i] = engine.Event{
				Seq: uint64(i), Kind: [...]engine.EventKind{engine.EventPaused, engine.EventResumed}[i%2],
				Payload: json.RawMessage(`{"by":"ann","reason":"why"}`),
			}
		}
		st := newFakeStore()
		lengths := map[saga.ID]int{}
		for _, n := range []int{0, 10, 1900, 200, long, 800, 700, 600, long, long, 2, 1900} {
			id := plant(t, st, chain(), saga.StateRunning, pauses[:n])
			lengths[id] = n
		}
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, len(lengths), w.count("do c"))
		for _, ids := range st.sagas("Logs") {
			events := 0
			for _, id := range ids {
				events += lengths[id]
			}
			assert.LessOrEqual(t, events, limit)
		}
		for id, n := range lengths {
			if n > limit {
				assert.Equal(t, 1, st.count("Events", id))
			}
		}
		assert.Less(t, st.calls("Logs Events"), len(lengths))
	})
}

// A claim takes fewer sagas if their parameters are large.
func TestClaimsOfLargeSagasAreSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, sagas = 400 << 10, 300
		dag, err := saga.NewSagaDAG(chain().DAG, strings.Repeat("x", size))
		require.NoError(t, err)
		encoded, params, err := dag.Parts()
		require.NoError(t, err)
		st := newFakeStore()
		for range sagas {
			require.NoError(t, st.Create(t.Context(), store.NewSaga{
				ID: saga.NewID(), Name: "chain", DAG: encoded, Params: params,
				State: saga.StateRunning, Owner: "crashed",
			}))
		}
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, sagas, w.count("do c"))
		for _, claimed := range st.sagas("Claim") {
			assert.LessOrEqual(t, (len(claimed)-1)*size, 16<<20)
		}
	})
}

// If a store claims slowly, the coordinator asks for fewer sagas at a time,
// before a claim times out.
func TestClaimsOfASlowStoreAreSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 12 * time.Millisecond
		st := newFakeStore()
		st.on("Claim", func(c *call) error {
			err := c.do()
			time.Sleep(time.Duration(len(c.records)) * each)
			return err
		})
		plantMany(t, st, 1000)
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, 1000, w.count("do c"))
		for _, claimed := range st.sagas("Claim")[1:] {
			assert.LessOrEqual(t, time.Duration(len(claimed))*each, time.Second)
		}
	})
}

// Sagas that were claimed, but not resumed yet, are left to the next
// coordinator.
func TestStopDuringATakeoverLeavesTheSagasToTheNextCoordinator(t *testing.T) {
	for _, l := range []time.Duration{0, lease} {
		synctest.Test(t, func(t *testing.T) {
			st := newFakeStore()
			ids := plantMany(t, st, 500)
			st.on("Logs", hangs)
			w := newWorld()
			c, err := sec.New(sec.Config{
				Store: st, Registry: w.registry(), Lease: l, Logger: slog.New(slog.DiscardHandler),
			})
			require.NoError(t, err)
			require.NoError(t, c.Start())
			time.Sleep(time.Second)
			require.NoError(t, c.Stop(t.Context()))
			assert.Empty(t, w.calls())
			waitForAll(t, w.configured(t, sec.Config{Store: st.memory, Lease: l}), ids...)
			assert.Equal(t, 500, w.count("do a"))
		})
	}
}

// However many sagas append at once, each append has the full timeout.
func TestAppendsOfManySagasDoNotTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		writing := make(chan struct{}, 1) // the store makes one append at a time
		var timeouts atomic.Int32
		st.on("Append", func(c *call) error {
			select {
			case writing <- struct{}{}:
			case <-c.ctx.Done():
				timeouts.Add(1)
				return c.ctx.Err()
			}
			defer func() { <-writing }()
			time.Sleep(5 * time.Millisecond)
			return c.do()
		})
		ids := plantMany(t, st, 3000) // one append of each takes 15 s in total
		w := newWorld()
		waitForAll(t, w.configured(t, sec.Config{Store: st, StoreTimeout: 10 * time.Second}), ids...)
		assert.Zero(t, timeouts.Load())
		assert.Equal(t, 3000, w.count("do c"))
	})
}
