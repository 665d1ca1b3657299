package sec_test

import (
	"context"
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
		st := &logsStore{Store: store.NewMemory()}
		ids := plantMany(t, st.Store, 1000)
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, 1000, w.count("do c"))
		assert.Equal(t, []int{100, 200, 400, 300}, st.claimed,
			"the first claims are small, so that the first sagas run soon")
		assert.Len(t, st.together, 4)
		assert.Empty(t, st.alone)
		assert.ElementsMatch(t, ids, slices.Concat(st.together...))
	})
}

// If a call that reads several logs fails in any way, each log is read by
// itself.
func TestLogsAreReadOneByOneWhenTheJointReadFails(t *testing.T) {
	for name, logs := range map[string]func(context.Context, []saga.ID) ([][]engine.Event, error){
		"error": func(context.Context, []saga.ID) ([][]engine.Event, error) { return nil, errStore },
		"hangs": func(ctx context.Context, _ []saga.ID) ([][]engine.Event, error) { <-ctx.Done(); return nil, ctx.Err() },
		"short": func(context.Context, []saga.ID) ([][]engine.Event, error) { return make([][]engine.Event, 2), nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &logsStore{Store: store.NewMemory(), logs: logs}
				ids := plantMany(t, st.Store, 20)
				w := newWorld()
				w.open(t, st)
				time.Sleep(11 * time.Second) // the timeout of one call, and some more
				assert.Equal(t, 20, w.count("do c"))
				assert.ElementsMatch(t, ids, st.alone)
			})
		})
	}
}

func TestUndecodableLogParksOnlyItsSaga(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &undecodable{Store: store.NewMemory()}
		ids := plantMany(t, st.Store, 9)
		st.broken = ids[4]
		w := newWorld()
		c := w.open(t, st)
		waitForAll(t, c, slices.Delete(slices.Clone(ids), 4, 5)...)
		_, err := c.Wait(t.Context(), st.broken)
		require.ErrorIs(t, err, saga.ErrParked)
		assert.ErrorIs(t, err, store.ErrUndecodable)
		assert.Equal(t, 8, w.count("do a"))
	})
}

// undecodable is a store that can't decode the log of one saga.
type undecodable struct {
	store.Store
	broken saga.ID
}

func (u *undecodable) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	if id == u.broken {
		return nil, store.ErrUndecodable
	}
	return u.Store.Events(ctx, id, from, limit)
}

func (u *undecodable) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	if slices.Contains(ids, u.broken) {
		return nil, store.ErrUndecodable
	}
	return u.Store.Logs(ctx, ids)
}

// Another coordinator claims and resumes a saga between this coordinator's
// claim and its read of the log.
func TestSagaClaimedBeforeItsLogIsReadIsLeftToItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &logsStore{Store: store.NewMemory()}
		ids := plantMany(t, st.Store, 3)
		st.logs = func(ctx context.Context, asked []saga.ID) ([][]engine.Event, error) {
			claimed, err := st.Store.Claim(ctx, store.Claim{Owner: "another", Lease: time.Hour, IDs: ids[1:2]})
			assert.NoError(t, err)
			assert.Len(t, claimed, 1)
			assert.NoError(t, st.Store.Append(ctx, store.Append{
				ID: ids[1], Generation: claimed[0].Generation, Seq: 1, State: saga.StateRunning,
				Events: []engine.Event{{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`"a"`)}},
			}))
			return st.Store.Logs(ctx, asked)
		}
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
		st := &logsStore{Store: store.NewMemory()}
		ids := plantMany(t, st.Store, 3)
		var coordinator atomic.Pointer[sec.Coordinator]
		result := make(chan error, 1)
		st.logs = func(ctx context.Context, asked []saga.ID) ([][]engine.Event, error) {
			logs, err := st.Store.Logs(ctx, asked)
			time.Sleep(time.Second) // until the coordinator is known
			go func() {
				_, err := coordinator.Load().Wait(t.Context(), ids[1])
				result <- err
			}()
			time.Sleep(5 * time.Second)
			return logs, err
		}
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
		st := &logsStore{Store: store.NewMemory()}
		lengths := map[saga.ID]int{}
		for _, n := range []int{0, 10, 1900, 200, long, 800, 700, 600, long, long, 2, 1900} {
			id := plant(t, st.Store, chain(), saga.StateRunning, pauses[:n])
			lengths[id] = n
		}
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, len(lengths), w.count("do c"))
		for _, ids := range st.together {
			events := 0
			for _, id := range ids {
				events += lengths[id]
			}
			assert.LessOrEqual(t, events, limit)
		}
		for id, n := range lengths {
			if n > limit {
				assert.Contains(t, st.alone, id)
			}
		}
		assert.Less(t, len(st.together)+len(st.alone), len(lengths))
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
		st := &logsStore{Store: store.NewMemory()}
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
		for _, claimed := range st.claimed {
			assert.LessOrEqual(t, (claimed-1)*size, 16<<20)
		}
	})
}

// If a store claims slowly, the coordinator asks for fewer sagas at a time,
// before a claim times out.
func TestClaimsOfASlowStoreAreSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 12 * time.Millisecond
		st := &logsStore{Store: store.NewMemory()}
		st.claims = func(n int) { time.Sleep(time.Duration(n) * each) }
		plantMany(t, st.Store, 1000)
		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Equal(t, 1000, w.count("do c"))
		for _, claimed := range st.claimed[1:] {
			assert.LessOrEqual(t, time.Duration(claimed)*each, time.Second)
		}
	})
}

// Sagas that were claimed, but not resumed yet, are left to the next
// coordinator.
func TestShutdownDuringATakeoverLeavesTheSagasToTheNextCoordinator(t *testing.T) {
	for _, l := range []time.Duration{0, lease} {
		synctest.Test(t, func(t *testing.T) {
			st := &logsStore{Store: store.NewMemory()}
			ids := plantMany(t, st.Store, 500)
			st.logs = func(ctx context.Context, _ []saga.ID) ([][]engine.Event, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			w := newWorld()
			c, err := sec.New(sec.Config{
				Store: st, Registry: w.registry(), Lease: l, Logger: slog.New(slog.DiscardHandler),
			})
			require.NoError(t, err)
			require.NoError(t, c.Start())
			time.Sleep(time.Second)
			require.NoError(t, c.Stop(t.Context()))
			assert.Empty(t, w.calls())
			waitForAll(t, w.configured(t, sec.Config{Store: st.Store, Lease: l}), ids...)
			assert.Equal(t, 500, w.count("do a"))
		})
	}
}

// serialStore makes one append at a time, in the order of the calls. Each takes
// the same time.
type serialStore struct {
	store.Store
	writing  chan struct{} // has room for the append that is being made
	timeouts atomic.Int32  // appends that timed out while they waited
	duration time.Duration // of each append
}

func (s *serialStore) Append(ctx context.Context, a store.Append) error {
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		s.timeouts.Add(1)
		return ctx.Err()
	}
	defer func() { <-s.writing }()
	time.Sleep(s.duration)
	return s.Store.Append(ctx, a)
}

// However many sagas append at once, each append has the full timeout.
func TestAppendsOfManySagasDoNotTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &serialStore{
			Store: store.NewMemory(), writing: make(chan struct{}, 1), duration: 5 * time.Millisecond,
		}
		ids := plantMany(t, st.Store, 3000) // one append of each takes 15 s in total
		w := newWorld()
		waitForAll(t, w.configured(t, sec.Config{Store: st, StoreTimeout: 10 * time.Second}), ids...)
		assert.Zero(t, st.timeouts.Load())
		assert.Equal(t, 3000, w.count("do c"))
	})
}
