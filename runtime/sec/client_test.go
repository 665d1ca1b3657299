package sec_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

func newClient(t *testing.T, config sec.ClientConfig) *sec.Client {
	t.Helper()
	c, err := sec.NewClient(config)
	require.NoError(t, err)
	return c
}

func TestClientRequiresAStore(t *testing.T) {
	_, err := sec.NewClient(sec.ClientConfig{})
	assert.ErrorContains(t, err, "Config.Store is nil")
	_, err = sec.NewClient(sec.ClientConfig{Store: store.NewMemory(), Poll: -1})
	assert.ErrorContains(t, err, "Poll is negative")
}

func TestSagaCreatedByAClientRunsAtOnceOrWithinAPoll(t *testing.T) {
	for name, test := range map[string]struct {
		store store.Store
		most  time.Duration
	}{
		"watched store":   {store.NewMemory(), 50 * time.Millisecond},
		"unwatched store": {newUnwatchedStore(), 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.open(t, test.store)
				time.Sleep(time.Hour)
				client := newClient(t, sec.ClientConfig{Store: test.store})
				id := saga.NewID()
				began := time.Now()
				require.NoError(t, client.CreateAndStart(t.Context(), id, chain()))
				require.NoError(t, client.CreateAndStart(t.Context(), id, chain()), "repeated")
				outputs, err := client.Wait(t.Context(), id)
				require.NoError(t, err)
				assert.Equal(t, `"c"`, string(outputs.Saga()))
				assert.LessOrEqual(t, time.Since(began), test.most)
				assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
				status, err := client.Status(t.Context(), id)
				require.NoError(t, err)
				assert.Equal(t, saga.StateSucceeded, status.State)
				records, err := client.List(t.Context(), saga.Query{Name: "chain"})
				require.NoError(t, err)
				assert.Len(t, records, 1)
			})
		})
	}
}

func TestSagaCreatedByAClientWaitsForACoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		client := newClient(t, sec.ClientConfig{Store: st})
		id := saga.NewID()
		require.NoError(t, client.Create(t.Context(), id, chain()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := client.Wait(ctx, id)
		assert.ErrorIs(t, err, context.DeadlineExceeded)

		w := newWorld()
		w.open(t, st)
		time.Sleep(time.Hour)
		assert.Empty(t, w.calls(), "it was created, but not started")
		require.NoError(t, client.StartCreated(t.Context(), id))
		require.NoError(t, client.StartCreated(t.Context(), id))
		_, err = client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.NoError(t, client.StartCreated(t.Context(), id), "it has finished")
	})
}

func TestClientRejectsInvalidRequests(t *testing.T) {
	st := store.NewMemory()
	withRegistry := newClient(t, sec.ClientConfig{Store: st, Registry: newWorld().registry(), MaxNodes: 4})
	without := newClient(t, sec.ClientConfig{Store: st})
	unknown := withParams(saga.NewDAGBuilder("d").Append(saga.ActionNode("a", "", "gone")))
	id := saga.NewID()
	assert.ErrorIs(t, withRegistry.CreateAndStart(t.Context(), id, unknown), saga.ErrUnknownAction)
	assert.NoError(t, without.CreateAndStart(t.Context(), id, unknown))
	assert.ErrorIs(t, without.CreateAndStart(t.Context(), id, chain()), saga.ErrSagaExists)
	assert.ErrorIs(t, withRegistry.Create(t.Context(), saga.NewID(), chain()), saga.ErrTooLarge)
	assert.ErrorContains(t, without.Create(t.Context(), saga.ID{}, chain()), "id is zero")
	assert.ErrorContains(t, without.Create(t.Context(), saga.NewID(), nil), "has no DAG")
	assert.ErrorIs(t, without.StartCreated(t.Context(), saga.NewID()), saga.ErrNotFound)
	_, err := without.Status(t.Context(), saga.NewID())
	assert.ErrorIs(t, err, saga.ErrNotFound)
	_, err = without.Wait(t.Context(), saga.NewID())
	assert.ErrorIs(t, err, saga.ErrNotFound)
}

// A start from another process and a command of the owner are both kept.
func TestStartFromAnotherProcessIsKeptWithAConcurrentCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		w := newWorld()
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.Create(t.Context(), id, chain()))
		synctest.Wait() // it has polled, and doesn't poll again before time passes
		client := newClient(t, sec.ClientConfig{Store: st})
		require.NoError(t, client.StartCreated(t.Context(), id))
		require.NoError(t, c.Apply(t.Context(), id, saga.SetBreakpoint("c", audit)), "before it has found the start")
		synctest.Wait()
		assert.Equal(t, []string{"do a", "do b"}, w.calls())
		require.NoError(t, c.Apply(t.Context(), id, saga.ClearBreakpoint("c", audit)))
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

// Actions that are in flight when a command comes from another process are
// neither called again nor forgotten.
func TestCommandFromAnotherProcessKeepsTasksInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newUnwatchedStore()
		w := newWorld()
		w.on("do b", func(saga.ActionContext) error { time.Sleep(10 * time.Minute); return nil })
		w.on("do c", func(saga.ActionContext) error { time.Sleep(20 * time.Minute); return nil })
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, diamond()))
		synctest.Wait()
		client := newClient(t, sec.ClientConfig{Store: st})
		require.NoError(t, client.Apply(t.Context(), id, saga.SetBreakpoint("d", audit)))
		time.Sleep(time.Minute) // the owner has polled
		require.NoError(t, client.Apply(t.Context(), id, saga.Pause(audit)))
		time.Sleep(10 * time.Minute) // b has finished, c has not
		require.NoError(t, client.Apply(t.Context(), id, saga.Cancel(audit)))
		require.NoError(t, client.Apply(t.Context(), id, saga.Resume(audit)))
		_, err := c.Wait(t.Context(), id)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.ElementsMatch(t, []string{"do a", "do b", "do c"}, w.calls()[:3])
		assert.ElementsMatch(t, []string{"undo b", "undo c", "undo a"}, w.calls()[3:])
		time.Sleep(time.Minute)
		notified, err := st.List(t.Context(), saga.Query{Notified: true})
		require.NoError(t, err)
		assert.Empty(t, notified, "the owner has handled all notifications")
	})
}

// Operators issue random commands from several processes at random times. Each
// action is called at most once in each direction, exactly the calls of the log
// are made, and the log stays valid.
func TestRandomCommandsFromSeveralProcesses(t *testing.T) {
	for range 100 {
		seed := rand.Uint64()
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { commandAtRandom(t, rand.New(rand.NewPCG(seed, 0))) })
		}) {
			return
		}
	}
}

func commandAtRandom(t *testing.T, random *rand.Rand) {
	st := newFakeStore()
	if random.IntN(2) == 0 {
		st.on("Watch", cannotWatch)
	}
	w := newWorld()
	for _, node := range []string{"a", "b", "c", "d"} {
		duration := time.Duration(random.IntN(20)) * 100 * time.Millisecond
		w.on("do "+node, func(saga.ActionContext) error { time.Sleep(duration); return nil })
		w.on("undo "+node, func(saga.ActionContext) error { time.Sleep(duration); return nil })
	}
	if random.IntN(2) == 0 {
		w.on("do d", func(saga.ActionContext) error {
			time.Sleep(time.Second)
			return saga.Permanent(errors.New("no"))
		})
	}
	c := w.open(t, st)
	client := newClient(t, sec.ClientConfig{Store: st})
	id := saga.NewID()
	require.NoError(t, client.CreateAndStart(t.Context(), id, diamond()))
	for range random.IntN(12) {
		time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		var by operator = client
		if random.IntN(3) == 0 {
			by = c
		}
		node := saga.NodePath([]string{"a", "b", "c", "d"}[random.IntN(4)])
		all := []func() error{
			func() error { return by.Apply(t.Context(), id, saga.Pause(audit)) },
			func() error { return by.Apply(t.Context(), id, saga.Step(audit)) },
			func() error { return by.Apply(t.Context(), id, saga.Resume(audit)) },
			func() error { return by.Apply(t.Context(), id, saga.SetBreakpoint(node, audit)) },
			func() error { return by.Apply(t.Context(), id, saga.ClearBreakpoint(node, audit)) },
			func() error { return by.Apply(t.Context(), id, saga.Cancel(audit)) },
		}
		if err := all[random.IntN(len(all))](); !errors.Is(err, saga.ErrWrongState) {
			require.NoError(t, err)
		}
	}
	for _, node := range []saga.NodePath{"a", "b", "c", "d"} {
		_ = client.Apply(t.Context(), id, saga.ClearBreakpoint(node, audit))
	}
	_ = client.Apply(t.Context(), id, saga.Resume(audit))
	_, err := client.Wait(t.Context(), id)
	state := saga.StateSucceeded
	if err != nil {
		state = saga.StateFailed
		assert.Equal(t, state, failedError(t, err).State)
	}
	status, err := client.Status(t.Context(), id)
	require.NoError(t, err)
	assert.NoError(t, status.Parked)
	assert.Equal(t, state, status.State)
	started := map[string]int{}
	for _, e := range status.Events {
		switch e.Kind {
		case engine.EventStarted:
			started[fmt.Sprintf("do %s", status.DAG.Path(e.Node))]++
		case engine.EventUndoStarted:
			started[fmt.Sprintf("undo %s", status.DAG.Path(e.Node))]++
		}
	}
	calls := map[string]int{}
	for _, call := range w.calls() {
		calls[call]++
		assert.Equal(t, 1, calls[call], call)
	}
	assert.Equal(t, started, calls, "the log has exactly the calls that were made")
}

// A command for an unowned saga sets no notification. If the saga becomes
// final, no owner would ever clear it.
func TestCommandForAnUnownedSagaNotifiesNoOwner(t *testing.T) {
	st := store.NewMemory()
	client := newClient(t, sec.ClientConfig{Store: st})
	id := saga.NewID()
	require.NoError(t, client.Create(t.Context(), id, chain()))
	require.NoError(t, client.Apply(t.Context(), id, saga.Cancel(audit)))
	records, err := st.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	require.Len(t, records, 1)
	assert.Equal(t, saga.StateFailed, records[0].State)
	assert.False(t, records[0].Notified)
}

func TestCreateAndStartStartsACreatedSaga(t *testing.T) {
	for _, from := range []origin{"the owner", "another coordinator", "a client"} {
		t.Run(string(from), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory()
				w := newWorld()
				c := w.open(t, st)
				id := saga.NewID()
				require.NoError(t, c.Create(t.Context(), id, chain()))
				settle()
				starter := map[origin]saga.Coordinator{
					"the owner":           c,
					"another coordinator": w.configured(t, sec.Config{Store: st, Queue: "another queue"}),
					"a client":            newClient(t, sec.ClientConfig{Store: st}),
				}[from]
				require.NoError(t, starter.CreateAndStart(t.Context(), id, chain()))
				_, err := c.Wait(t.Context(), id)
				require.NoError(t, err)
				assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
			})
		})
	}
}

// A saga that was imported with the beginning of its log waits for Start, like
// any other saga, in whichever process it is.
func TestImportedSagaWaitsForItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		w := newWorld()
		first := w.start(t, st)
		id := saga.NewID()
		require.NoError(t, first.Import(t.Context(), &saga.Log{ID: id, DAG: chain(), Events: []engine.Event{
			{Seq: 0, Node: 1, Kind: engine.EventStarted},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: []byte(`"a"`)},
		}}))
		client := newClient(t, sec.ClientConfig{Store: st})
		require.NoError(t, client.Apply(t.Context(), id, saga.SetBreakpoint("c", audit)))
		time.Sleep(time.Minute)
		require.NoError(t, first.Stop(t.Context()))
		w.open(t, st)
		time.Sleep(time.Minute)
		assert.Empty(t, w.calls(), "neither a command nor another coordinator starts it")
		status, err := client.Status(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, saga.StateCreated, status.State)
		assert.Equal(t, "done", status.Describe("a"))

		require.NoError(t, client.Apply(t.Context(), id, saga.ClearBreakpoint("c", audit)))
		require.NoError(t, client.StartCreated(t.Context(), id))
		_, err = client.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do b", "do c"}, w.calls())
	})
}
