package sec_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
)

var seed = flag.Uint64("seed", 0, "run the stress test with this seed only")

// TestStress runs many sagas on a store that fails at random. Coordinators and
// a client issue random commands, coordinators shut down and start again, with
// and without leases and limits. It verifies that:
//
//   - every saga finishes,
//   - every acknowledged command is in the log,
//   - no action is called before its start is durable, again after its
//     result is durable, or by two coordinators at once,
//   - no saga stays in memory, and no goroutine stays behind.
func TestStress(t *testing.T) {
	seeds := []uint64{*seed}
	if *seed == 0 {
		base := rand.Uint64()
		seeds = seeds[:0]
		for i := range uint64(20) {
			seeds = append(seeds, base+i)
		}
	}
	for _, s := range seeds {
		if !t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newStress(t, s).run() })
		}) {
			return
		}
	}
}

// stress is one run of the test.
type stress struct {
	*testing.T
	dice   *dice
	store  *fakeStore
	stable atomic.Bool // the store and the actions no longer fail
	config sec.Config
	client *sec.Client
	ids    []saga.ID

	mu           sync.Mutex
	coordinators []*sec.Coordinator
	calls        map[string]context.Context // the contexts of running calls, by idempotency key
}

func newStress(t *testing.T, seed uint64) *stress {
	s := &stress{
		T: t, dice: &dice{rng: rand.New(rand.NewPCG(seed, 0))}, store: newFakeStore(),
		calls: map[string]context.Context{},
	}
	faults := []script{fails, losesReply, hangs, hangsAfterwards}
	s.store.on(everyMethod, atRandom(s.dice, faults...))
	isLate := func(c *call) error { return late(s.dice.upTo(5 * time.Second))(c) }
	s.store.on("Create Append Release", atRandom(s.dice, append(faults, isLate)...))
	if s.dice.one(2) {
		s.store.on("Watch", cannotWatch)
	}
	s.config = sec.Config{
		Store: s.store, Logger: slog.New(slog.DiscardHandler), Registry: s.registry(),
		StoreTimeout: 2 * time.Second, Poll: 200 * time.Millisecond,
	}
	coordinators := 1
	if s.dice.one(2) {
		coordinators, s.config.Lease = 2, 10*time.Second
	}
	if s.dice.one(2) {
		s.config.MaxSagas = 1 + s.dice.n(4)
	}
	if s.dice.one(2) {
		s.config.MaxActions = 1 + s.dice.n(4)
	}
	s.client = newClient(t, sec.ClientConfig{
		Store: s.store, Logger: s.config.Logger, Registry: s.config.Registry,
		StoreTimeout: s.config.StoreTimeout, Poll: s.config.Poll,
	})
	for range coordinators {
		s.coordinators = append(s.coordinators, s.open())
	}
	for range 15 {
		s.ids = append(s.ids, saga.NewID())
	}
	return s
}

func (s *stress) open() *sec.Coordinator {
	c, err := sec.New(s.config)
	require.NoError(s, err)
	require.NoError(s, c.Start())
	return c
}

// registry has the actions "act" and "careful", which fail at random.
func (s *stress) registry() *saga.Registry {
	r := saga.NewRegistry()
	do := func(ctx saga.ActionContext, _ saga.None) (string, error) { return string(ctx.Node()), s.act(ctx) }
	policy := saga.Policy{Timeout: time.Second, MaxAttempts: 3, Limit: 3}
	r.Register(nil,
		saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "act", Do: do, DoPolicy: policy, UndoPolicy: policy,
			Undo: func(ctx saga.ActionContext, _ saga.None, _ string) error { return s.act(ctx) },
		}),
		saga.NewAction(saga.ActionSpec[saga.None, string]{
			Name: "careful", Do: do, UndoPolicy: policy,
			UndoUnknown: func(ctx saga.ActionContext, _ saga.None, _ *string) error { return s.act(ctx) },
		}),
	)
	return r
}

// act is the body of all actions. It checks that the call is allowed, and then
// succeeds, fails, panics or takes long at random.
func (s *stress) act(ctx saga.ActionContext) error {
	started, finished := engine.EventStarted, engine.EventSucceeded
	if ctx.Direction() == saga.Undo {
		started, finished = engine.EventUndoStarted, engine.EventUndoFinished
	}
	key := ctx.IdempotencyKey()
	s.mu.Lock()
	other := s.calls[key]
	if ctx.Err() == nil { // the coordinator checks the context only before the call
		assert.True(s, other == nil || other.Err() != nil, "%s is called by two coordinators at once", key)
		assert.True(s, s.has(ctx.SagaID(), ctx.Node(), started, engine.EventUndoRetried),
			"%s is called before its start is durable", key)
		assert.False(s, s.has(ctx.SagaID(), ctx.Node(), finished),
			"%s is called after its result is durable", key)
	}
	s.calls[key] = ctx
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.calls[key] == context.Context(ctx) {
			delete(s.calls, key)
		}
	}()
	switch s.dice.n(4) {
	case 0:
		time.Sleep(s.dice.upTo(1200 * time.Millisecond))
	case 1:
		select {
		case <-time.After(s.dice.upTo(500 * time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if s.stable.Load() {
		return nil
	}
	switch s.dice.n(40) {
	case 0, 1:
		return saga.Permanent(errors.New("no"))
	case 2:
		return saga.Indeterminate(errors.New("maybe"))
	case 3:
		return errors.New("again")
	case 4:
		panic("ouch")
	case 5:
		runtime.Goexit()
	}
	return nil
}

// has reports whether the log has an event of one of these kinds. If path is
// not empty, the event must be one of that node.
func (s *stress) has(id saga.ID, path saga.NodePath, kinds ...engine.EventKind) bool {
	record, err := s.store.memory.Load(context.Background(), id)
	require.NoError(s, err)
	var dag saga.SagaDAG
	require.NoError(s, json.Unmarshal(record.DAG, &dag))
	events, err := s.store.memory.Events(context.Background(), id, 0, 0)
	require.NoError(s, err)
	return slices.ContainsFunc(events, func(e engine.Event) bool {
		return slices.Contains(kinds, e.Kind) && (path == "" || dag.Path(e.Node) == path)
	})
}

// caller is a client or a coordinator.
type caller interface {
	operator
	saga.Coordinator
	Create(context.Context, saga.ID, *saga.SagaDAG) error
}

// caller returns the client or a coordinator at random.
func (s *stress) caller() caller {
	if s.dice.one(2) {
		return s.client
	}
	return s.coordinator()
}

// coordinator returns one of the coordinators at random.
func (s *stress) coordinator() *sec.Coordinator {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.coordinators[s.dice.n(len(s.coordinators))]
}

var stressDAG = func() *saga.SagaDAG {
	inner := saga.NewDAGBuilder("inner").AppendParallel(act("d"), careful("e")).Append(act("f")).MustBuild()
	return withParams(saga.NewDAGBuilder("stress").Append(act("a")).
		AppendParallel(act("b"), careful("c"), saga.SubsagaNode("sub", inner, saga.FromParams)).
		Node(act("g"), "a", "b").Append(act("h")))
}()

func (s *stress) run() {
	var all, restarts sync.WaitGroup
	for _, id := range s.ids {
		for range 2 {
			all.Go(func() { s.create(id) })
			all.Go(func() {
				for range s.dice.n(10) {
					time.Sleep(s.dice.upTo(2 * time.Second))
					s.command(id)
				}
			})
		}
		all.Go(func() { // it may return any result, but must return
			ctx, cancel := context.WithTimeout(s.Context(), s.dice.upTo(10*time.Second))
			defer cancel()
			_, _ = s.caller().Wait(ctx, id)
		})
	}
	for i := range s.coordinators {
		restarts.Go(func() {
			for range s.dice.n(4) {
				time.Sleep(s.dice.upTo(5 * time.Second))
				s.restart(i)
			}
		})
	}
	all.Wait()
	restarts.Wait()
	s.stable.Store(true)
	s.store.on(everyMethod, passes)
	time.Sleep(10 * time.Second) // late calls of the store have taken effect
	for _, id := range s.ids {
		all.Go(func() { s.finish(id) })
	}
	all.Wait()
	time.Sleep(2 * time.Minute) // each coordinator has made a sweep
	for _, c := range s.coordinators {
		assert.Empty(s, c.InMemory(), "no finished saga is in memory")
		require.NoError(s, c.Stop(s.Context()))
	}
}

// create creates a saga with a random method and caller. It retries until a
// call succeeds.
func (s *stress) create(id saga.ID) {
	time.Sleep(s.dice.upTo(5 * time.Second))
	for {
		by := s.caller()
		create := by.CreateAndStart
		if s.dice.one(3) {
			create = by.Create
		}
		if err := create(s.Context(), id, stressDAG); err == nil {
			_, err = s.store.memory.Load(s.Context(), id)
			assert.NoError(s, err, "the create was acknowledged, but is not durable")
			return
		} else if !isStoreError(err) {
			assert.NoError(s, err)
		}
		time.Sleep(s.dice.upTo(time.Second))
	}
}

// command issues a random command. If it is acknowledged, it must be in the
// log.
func (s *stress) command(id saga.ID) {
	by := s.caller()
	nodes := []saga.NodePath{"a", "b", "c", "g", "h", "sub/d", "sub/e", "sub/f"}
	node := nodes[s.dice.n(len(nodes))]
	output := json.RawMessage(`"by hand"`)
	ctx, cancel := context.WithTimeout(s.Context(), s.dice.upTo(5*time.Second))
	defer cancel()
	acknowledged := func(err error, path saga.NodePath, kinds ...engine.EventKind) {
		if err == nil {
			assert.True(s, s.has(id, path, kinds...),
				"the command was acknowledged, but is not in the log: %s of %s", kinds[0], id)
		}
	}
	switch s.dice.n(12) {
	case 0, 1:
		acknowledged(by.Apply(ctx, id, saga.Pause(audit)), "", engine.EventPaused)
	case 2, 3:
		_ = by.Apply(ctx, id, saga.Resume(audit))
	case 4:
		acknowledged(by.Apply(ctx, id, saga.Step(audit)), "", engine.EventStepped)
	case 5:
		acknowledged(by.Apply(ctx, id, saga.SetBreakpoint(node, audit)), node, engine.EventBreakpointSet)
	case 6:
		_ = by.Apply(ctx, id, saga.ClearBreakpoint(node, audit))
	case 7:
		acknowledged(by.Apply(ctx, id, saga.Cancel(audit)), "", engine.EventCanceled, engine.EventFailed, engine.EventIndeterminate)
	case 8:
		_ = by.Apply(ctx, id, saga.RetryUndo(node, audit))
		_ = by.Apply(ctx, id, saga.MarkUndone(node, audit))
	case 9:
		acknowledged(by.Apply(ctx, id, saga.SupplyOutput(node, output, audit)), node, engine.EventOutputSupplied)
	case 10:
		if s.dice.one(3) {
			acknowledged(by.Apply(ctx, id, saga.Abandon(audit)), "", engine.EventAbandoned)
		}
	case 11:
		_ = by.StartCreated(ctx, id)
	}
}

// restart shuts a coordinator down, possibly with a timeout, and starts another
// one in its place.
func (s *stress) restart(i int) {
	s.mu.Lock()
	old := s.coordinators[i]
	s.mu.Unlock()
	timeout := s.dice.upTo(3 * time.Second)
	ctx, cancel := context.WithTimeout(s.Context(), timeout)
	defer cancel()
	began := time.Now()
	_ = old.Stop(ctx)
	assert.LessOrEqual(s, time.Since(began), timeout+time.Second, "a second more for the observer")
	time.Sleep(2 * time.Second) // running actions have returned
	assert.Empty(s, old.InMemory(), "a coordinator that has shut down has no sagas")
	next := s.open()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.coordinators[i] = next
}

// finish issues the commands that let a saga finish: it may be created, paused,
// stuck or at a breakpoint.
func (s *stress) finish(id saga.ID) {
	for try := 0; ; try++ {
		require.Less(s, try, 100, "the saga does not finish")
		status, err := s.client.Status(s.Context(), id)
		require.NoError(s, err)
		require.NoError(s, status.Parked)
		if status.State.Final() {
			s.Logf("%s after %d tries, %d events", status.State, try, len(status.Events))
			break
		}
		by := s.caller()
		_ = by.StartCreated(s.Context(), id)
		for _, node := range status.Nodes {
			if node.Breakpoint {
				_ = by.Apply(s.Context(), id, saga.ClearBreakpoint(node.Path, audit))
			}
		}
		_ = by.Apply(s.Context(), id, saga.Resume(audit))
		for _, node := range status.Nodes {
			if node.State == engine.NodeUndoFailed {
				again := saga.RetryUndo(node.Path, audit)
				if try%2 == 1 { // an unknown outcome may have no undo to retry
					again = saga.MarkUndone(node.Path, audit)
				}
				_ = by.Apply(s.Context(), id, again)
			}
		}
		ctx, cancel := context.WithTimeout(s.Context(), 3*time.Minute)
		_, err = s.caller().Wait(ctx, id)
		cancel()
		if err != nil && !errors.As(err, new(*saga.FailedError)) {
			assert.NoError(s, err, "try %d: the saga may run, but does not finish: %v", try, status)
		}
	}
}
