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
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// The tests of this file are about sagas that are taken over together.

// plantMany records sagas whose first action was under way.
func plantMany(t *testing.T, st store.Store, n int) []saga.ID {
	t.Helper()
	ids := make([]saga.ID, n)
	for i := range ids {
		ids[i] = plant(t, st, chain(), saga.StateRunning, []saga.Event{{Node: 1, Kind: saga.EventStarted}})
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
		assert.Equal(t, []int{100, 200, 400, 300}, st.claimed, "the first ones run soon")
		assert.Len(t, st.together, 4)
		assert.Empty(t, st.alone)
		assert.ElementsMatch(t, ids, slices.Concat(st.together...))
	})
}

// Whatever is wrong when logs are read together, each is read by itself then.
func TestSagasThatCanNotBeReadTogetherAreReadOneByOne(t *testing.T) {
	for name, logs := range map[string]func(context.Context, []saga.ID) ([][]saga.Event, error){
		"error": func(context.Context, []saga.ID) ([][]saga.Event, error) { return nil, errStore },
		"hangs": func(ctx context.Context, _ []saga.ID) ([][]saga.Event, error) { <-ctx.Done(); return nil, ctx.Err() },
		"lacks": func(context.Context, []saga.ID) ([][]saga.Event, error) { return make([][]saga.Event, 2), nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &logsStore{Store: store.NewMemory(), logs: logs}
				ids := plantMany(t, st.Store, 20)
				w := newWorld()
				w.open(t, st)
				time.Sleep(11 * time.Second) // the time of one call, and some more
				assert.Equal(t, 20, w.count("do c"))
				assert.ElementsMatch(t, ids, st.alone)
			})
		})
	}
}

func TestLogThatCanNotBeDecodedParksItsSagaAndNoneThatIsReadWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &undecodable{Store: store.NewMemory()}
		ids := plantMany(t, st.Store, 9)
		st.poison = ids[4]
		w := newWorld()
		c := w.open(t, st)
		waitForAll(t, c, slices.Delete(slices.Clone(ids), 4, 5)...)
		_, err := c.Wait(t.Context(), st.poison)
		require.ErrorIs(t, err, saga.ErrParked)
		assert.ErrorIs(t, err, store.ErrUndecodable)
		assert.Equal(t, 8, w.count("do a"))
	})
}

// undecodable can't decode the log of one saga.
type undecodable struct {
	store.Store
	poison saga.ID
}

func (u *undecodable) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error) {
	if id == u.poison {
		return nil, store.ErrUndecodable
	}
	return u.Store.Events(ctx, id, from, limit)
}

func (u *undecodable) Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error) {
	if slices.Contains(ids, u.poison) {
		return nil, store.ErrUndecodable
	}
	return u.Store.Logs(ctx, ids)
}

// Another coordinator claims a saga, and goes on with it, between this one's claim and the read of its log.
func TestSagaThatIsClaimedBeforeItIsReadIsLeftToItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &logsStore{Store: store.NewMemory()}
		ids := plantMany(t, st.Store, 3)
		st.logs = func(ctx context.Context, asked []saga.ID) ([][]saga.Event, error) {
			claimed, err := st.Store.Claim(ctx, store.Claim{Owner: "another", Lease: time.Hour, IDs: ids[1:2]})
			assert.NoError(t, err)
			assert.Len(t, claimed, 1)
			assert.NoError(t, st.Store.Append(ctx, store.Append{
				ID: ids[1], Generation: claimed[0].Generation, Seq: 1, State: saga.StateRunning,
				Events: []saga.Event{{Seq: 1, Node: 1, Kind: saga.EventSucceeded, Payload: json.RawMessage(`"a"`)}},
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

// Somebody asks for a saga that has been claimed and read, and isn't gone on with yet: it is not run for him, and then again from the
// log that is old by now.
func TestSagaThatIsAskedForWhileOthersAreReadRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &logsStore{Store: store.NewMemory()}
		ids := plantMany(t, st.Store, 3)
		var coordinator atomic.Pointer[sec.Coordinator]
		ended := make(chan error, 1)
		st.logs = func(ctx context.Context, asked []saga.ID) ([][]saga.Event, error) {
			logs, err := st.Store.Logs(ctx, asked)
			time.Sleep(time.Second) // until the coordinator is known
			go func() {
				_, err := coordinator.Load().Wait(t.Context(), ids[1])
				ended <- err
			}()
			time.Sleep(5 * time.Second)
			return logs, err
		}
		w := newWorld()
		c := w.open(t, st)
		coordinator.Store(c)
		require.NoError(t, <-ended)
		waitForAll(t, c, ids...)
		time.Sleep(time.Minute)
		for _, call := range []string{"do a", "do b", "do c"} {
			assert.Equal(t, 3, w.count(call), call)
		}
	})
}

// The events that are in memory between the read and the sagas are bounded, unless one saga has more.
func TestLongLogsAreReadByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const long, most = 3000, 2000
		pauses := make([]saga.Event, long) // and an even number: it runs in the end
		for i := range pauses {
			pauses[i] = saga.Event{Seq: uint64(i), Kind: [...]saga.EventKind{saga.EventPaused, saga.EventResumed}[i%2], Payload: json.RawMessage(`{"by":"ann","reason":"why"}`)}
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
			assert.LessOrEqual(t, events, most)
		}
		for id, n := range lengths {
			if n > most {
				assert.Contains(t, st.alone, id)
			}
		}
		assert.Less(t, len(st.together)+len(st.alone), len(lengths))
	})
}

// Few sagas with large parameters are claimed at a time.
func TestClaimsOfLargeSagasAreSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, sagas = 400 << 10, 300
		dag, err := saga.NewSagaDAG(chain().DAG, strings.Repeat("x", size))
		require.NoError(t, err)
		encoded, params, err := dag.Parts()
		require.NoError(t, err)
		st := &logsStore{Store: store.NewMemory()}
		for range sagas {
			require.NoError(t, st.Create(t.Context(), store.NewSaga{ID: saga.NewID(), Name: "chain", DAG: encoded, Params: params, State: saga.StateRunning, Owner: "crashed"}))
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

// A store that claims slowly is asked for fewer at a time, and not until its time is up.
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

// Sagas that were claimed and not gone on with are left to the next coordinator.
func TestShutdownDuringATakeoverLeavesTheSagas(t *testing.T) {
	for _, l := range []time.Duration{0, lease} {
		synctest.Test(t, func(t *testing.T) {
			st := &logsStore{Store: store.NewMemory()}
			ids := plantMany(t, st.Store, 500)
			st.logs = func(ctx context.Context, _ []saga.ID) ([][]saga.Event, error) { <-ctx.Done(); return nil, ctx.Err() }
			w := newWorld()
			c, err := sec.New(sec.Config{Store: st, Registry: w.registry(), Lease: l, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			time.Sleep(time.Second)
			require.NoError(t, c.Shutdown(t.Context()))
			assert.Empty(t, w.calls())
			waitForAll(t, w.configured(t, sec.Config{Store: st.Store, Lease: l}), ids...)
			assert.Equal(t, 500, w.count("do a"))
		})
	}
}

// serialStore makes one append at a time, in the order in which they came, each of which takes a while.
type serialStore struct {
	store.Store
	turn  chan struct{}
	late  atomic.Int32 // appends whose time was up while they waited
	takes time.Duration
}

func (s *serialStore) Append(ctx context.Context, a store.Append) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		s.late.Add(1)
		return ctx.Err()
	}
	defer func() { <-s.turn }()
	time.Sleep(s.takes)
	return s.Store.Append(ctx, a)
}

// However many sagas write at once, the store has the time for each.
func TestAppendsOfManySagasDoNotRunOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &serialStore{Store: store.NewMemory(), turn: make(chan struct{}, 1), takes: 5 * time.Millisecond}
		ids := plantMany(t, st.Store, 3000) // 15 s for one append of each
		w := newWorld()
		waitForAll(t, w.configured(t, sec.Config{Store: st, StoreTimeout: 10 * time.Second}), ids...)
		assert.Zero(t, st.late.Load())
		assert.Equal(t, 3000, w.count("do c"))
	})
}
