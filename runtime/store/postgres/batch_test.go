package postgres

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// writer commits entries as the committer does, on a connection of its own.
type writer struct {
	*Store
	schema string
	conn   *pgxpool.Conn
}

func newWriter(t *testing.T) *writer {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	s, err := Open(t.Context(), pool, Config{Schema: schema})
	require.NoError(t, err)
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	t.Cleanup(conn.Release)
	return &writer{s, schema, conn}
}

// ways are the ways to write an entry: alone, and in a batch with a companion,
// which must be written whatever the outcome of the entry.
var ways = map[string]func(ctx context.Context, w *writer, e *entry) (error, error){
	"alone": func(ctx context.Context, w *writer, e *entry) (error, error) {
		return w.write(ctx, e)
	},
	"with one of its kind": func(ctx context.Context, w *writer, e *entry) (error, error) {
		return w.write(ctx, e, w.companion(ctx, e.creates))
	},
	"with one of the other kind": func(ctx context.Context, w *writer, e *entry) (error, error) {
		return w.write(ctx, e, w.companion(ctx, !e.creates))
	},
}

// write commits an entry with its companions, and returns the result of the
// entry. failed is the error if the whole batch has failed.
func (w *writer) write(ctx context.Context, e *entry, companions ...*entry) (result, failed error) {
	errs, err := w.commit(ctx, w.conn, append(companions, e))
	if err != nil {
		return nil, err
	}
	for i, c := range companions {
		if errs[i] != nil {
			return nil, fmt.Errorf("companion %s: %w", c.id, errs[i])
		}
	}
	return errs[len(companions)], nil
}

// companion returns an entry that can be written.
func (w *writer) companion(ctx context.Context, creates bool) *entry {
	n := store.NewSaga{ID: saga.NewID(), Name: "companion", Owner: "alice", DAG: []byte("{}"), State: saga.StateRunning}
	if creates {
		return newCreate(n, nil)
	}
	if err := w.Create(ctx, n); err != nil {
		panic(err) // no test works without it
	}
	return newAppend(store.Append{ID: n.ID, Generation: 1, State: saga.StateRunning, Events: someEvents(0, 3)})
}

// runningSaga returns a saga without events and owner.
func runningSaga(id saga.ID) store.NewSaga {
	return store.NewSaga{ID: id, Name: "a", DAG: []byte("{}"), State: saga.StateRunning}
}

// someEvents returns n events from that number on, with and without payloads.
func someEvents(seq uint64, n int) []engine.Event {
	var events []engine.Event
	for i := range n {
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000*i, time.UTC)
		e := engine.Event{Seq: seq + uint64(i), Node: engine.NodeID(7 - i), Kind: engine.EventKind(1 + i), At: at}
		if i%2 == 0 {
			e.Payload = fmt.Appendf(nil, "payload %d", i)
		}
		events = append(events, e)
	}
	return events
}

// The saga, if it exists, is running and has four events.
func TestEntryHasTheSameResultAloneAndInABatch(t *testing.T) {
	appendOf := func(generation, seq uint64, state saga.State, events int) func(saga.ID) *entry {
		return func(id saga.ID) *entry {
			return newAppend(store.Append{
				ID: id, Generation: generation, Seq: seq, State: state, Events: someEvents(seq, events),
			})
		}
	}
	create := func(owner string, events int) func(saga.ID) *entry {
		return func(id saga.ID) *entry {
			return newCreate(store.NewSaga{
				ID: id, Name: "another", Owner: owner, Queue: "q", DAG: []byte("{1}"), State: saga.StateCreated,
				Lease: time.Hour, Events: someEvents(0, events),
			}, nil)
		}
	}
	notify := func(id saga.ID) *entry {
		return newAppend(store.Append{ID: id, Generation: 1, Seq: 4, State: saga.StateRunning, Notify: true})
	}
	missing := func(id saga.ID) *entry {
		n := store.NewSaga{ID: id, Name: "another", State: saga.StateCreated}
		return newCreate(n, &sharedDAG{text: []byte("{1}")})
	}
	const existing, absent = true, false
	type testCase struct {
		exists   bool
		entry    func(saga.ID) *entry
		result   error
		next     uint64
		state    saga.State
		notifies bool
	}
	cases := map[string]testCase{
		"append one": {existing, appendOf(1, 4, saga.StateRunning, 1), nil, 5, saga.StateRunning, false},
		"append several, and end": {
			existing, appendOf(1, 4, saga.StateSucceeded, 5), nil, 9, saga.StateSucceeded, false,
		},
		"append a state":         {existing, appendOf(1, 4, saga.StateStuck, 0), nil, 4, saga.StateStuck, false},
		"notify the owner":       {existing, notify, nil, 4, saga.StateRunning, true},
		"append to nothing":      {absent, appendOf(1, 0, saga.StateRunning, 1), store.ErrNotFound, 0, 0, false},
		"create":                 {absent, create("bob", 4), nil, 4, saga.StateCreated, false},
		"create without events":  {absent, create("bob", 0), nil, 0, saga.StateCreated, false},
		"create unowned":         {absent, create("", 1), nil, 1, saga.StateCreated, true},
		"create without its DAG": {absent, missing, errDAGMissing, 0, 0, false},
	}
	for name, refused := range map[string]struct {
		entry  func(saga.ID) *entry
		result error
	}{
		"append existing events":          {appendOf(1, 3, saga.StateRunning, 1), store.ErrSequence},
		"append later events":             {appendOf(1, 5, saga.StateRunning, 1), store.ErrSequence},
		"append at the largest number":    {appendOf(1, math.MaxUint64, saga.StateRunning, 0), store.ErrSequence},
		"go back to created":              {appendOf(1, 4, saga.StateCreated, 1), store.ErrSequence},
		"append for a former owner":       {appendOf(0, 4, saga.StateRunning, 1), store.ErrFenced},
		"append old events, later owner":  {appendOf(2, 3, saga.StateRunning, 1), store.ErrFenced},
		"create an existing saga":         {create("bob", 4), store.ErrExists},
		"create an existing saga unowned": {create("", 4), store.ErrExists},
	} {
		cases[name] = testCase{existing, refused.entry, refused.result, 4, saga.StateRunning, false}
	}
	for name, c := range cases {
		for way, write := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				w := newWriter(t)
				id := saga.NewID()
				want := someEvents(0, 4)
				if c.exists {
					require.NoError(t, w.Create(t.Context(), store.NewSaga{
						ID: id, Name: "a", Owner: "alice", DAG: []byte("{}"), State: saga.StateRunning, Events: want,
					}))
				}
				if e := c.entry(id); c.result == nil && e.creates {
					want = someEvents(0, int(e.count))
				} else if c.result == nil {
					want = append(want, someEvents(4, int(e.count))...)
				}
				notified := w.listen(t)
				result, failed := write(t.Context(), w, c.entry(id))
				require.NoError(t, failed)
				require.Equal(t, c.result, result)
				assert.Equal(t, c.notifies, notified())
				if c.state == 0 {
					_, err := w.Load(t.Context(), id)
					require.ErrorIs(t, err, store.ErrNotFound)
					want = nil
				} else {
					record, err := w.Load(t.Context(), id)
					require.NoError(t, err)
					assert.Equal(t, c.state, record.State)
					assert.Equal(t, c.next, record.NextSeq)
					assert.Equal(t, c.notifies && c.exists, record.Notified)
					if !c.exists {
						assert.Equal(t, c.entry(id).owner, record.Owner)
						assert.EqualValues(t, "another", record.Name)
						assert.Equal(t, "q", record.Queue)
						assert.Equal(t, "{1}", string(record.DAG))
						assert.EqualValues(t, 1, record.Generation)
					}
				}
				log, err := w.Events(t.Context(), id, 0, 0)
				require.NoError(t, err)
				assert.Equal(t, want, log)
			})
		}
	}
}

// listen returns a function that reports whether the store has notified since.
func (w *writer) listen(t *testing.T) func() bool {
	conn, err := pgx.Connect(t.Context(), pgtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), "LISTEN "+w.channel)
	require.NoError(t, err)
	return func() bool {
		_, err := conn.Exec(t.Context(), "SELECT pg_notify($1, 'last')", w.channel)
		require.NoError(t, err)
		n, err := conn.WaitForNotification(t.Context())
		require.NoError(t, err)
		return n.Payload != "last"
	}
}

// A record that another transaction has locked is skipped, whatever the outcome
// would have been.
func TestLockedRecordIsBusyAloneAndInABatch(t *testing.T) {
	for way, write := range ways {
		for _, generation := range []uint64{1, 2} {
			t.Run(fmt.Sprintf("%s, generation %d", way, generation), func(t *testing.T) {
				w := newWriter(t)
				id := saga.NewID()
				require.NoError(t, w.Create(t.Context(), runningSaga(id)))
				tx, err := w.pool.Begin(t.Context())
				require.NoError(t, err)
				defer tx.Rollback(context.Background())
				update := "UPDATE " + w.schema + ".saga_record SET next_seq = 1 WHERE id = $1"
				_, err = tx.Exec(t.Context(), update, uuid(id))
				require.NoError(t, err)
				short, cancel := context.WithTimeout(t.Context(), time.Minute) // the lock lasts
				defer cancel()
				result, failed := write(short, w, newAppend(store.Append{
					ID: id, Generation: generation, State: saga.StateRunning, Events: someEvents(0, 2),
				}))
				require.NoError(t, failed)
				require.ErrorIs(t, result, errBusy)
				require.NoError(t, tx.Rollback(t.Context()))
				log, err := w.Events(t.Context(), id, 0, 0)
				require.NoError(t, err)
				assert.Empty(t, log)
			})
		}
	}
}

// The database rejects invalid states and names too, with their whole batch.
func TestInvalidEntryIsRejectedAloneAndInABatch(t *testing.T) {
	appended := func(change func(*entry)) func(saga.ID) *entry {
		return func(id saga.ID) *entry {
			e := newAppend(store.Append{ID: id, Generation: 1, State: saga.StateRunning, Events: someEvents(0, 2)})
			change(e)
			return e
		}
	}
	created := func(change func(*entry)) func(saga.ID) *entry {
		return func(saga.ID) *entry {
			n := runningSaga(saga.NewID())
			n.Events = someEvents(0, 2)
			e := newCreate(n, nil)
			change(e)
			return e
		}
	}
	state := func(s saga.State) func(*entry) { return func(e *entry) { e.state = int16(s) } }
	name := func(e *entry) { e.name = "" }
	for name, c := range map[string]struct {
		entry   func(saga.ID) *entry
		message string
	}{
		"append state 0":      {appended(state(0)), "saga_state_check"},
		"append state 8":      {appended(state(saga.StateAbandoned + 1)), "saga_state_check"},
		"create state 0":      {created(state(0)), "saga_state_check"},
		"create state 8":      {created(state(saga.StateAbandoned + 1)), "saga_state_check"},
		"create without name": {created(name), "saga_name_check"},
	} {
		for way, write := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				w := newWriter(t)
				id := saga.NewID()
				require.NoError(t, w.Create(t.Context(), runningSaga(id)))
				e := c.entry(id)
				_, failed := write(t.Context(), w, e)
				require.ErrorContains(t, failed, c.message)
				assert.True(t, isRejected(failed))
				log, err := w.Events(t.Context(), e.id, 0, 0)
				require.NoError(t, err)
				assert.Empty(t, log)
			})
		}
	}
}

func TestEveryStateCanBeWritten(t *testing.T) {
	for way, write := range ways {
		t.Run(way, func(t *testing.T) {
			w := newWriter(t)
			id := saga.NewID()
			n := runningSaga(id)
			n.State = saga.StateCreated
			require.NoError(t, w.Create(t.Context(), n))
			for state := saga.StateCreated; state <= saga.StateAbandoned; state++ {
				result, failed := write(t.Context(), w, newAppend(store.Append{ID: id, Generation: 1, State: state}))
				require.NoError(t, failed, state)
				require.NoError(t, result, state)
			}
		})
	}
}

// The program may have set synchronous_commit to anything on a connection.
func TestStatementsThatWriteMakeTheirTransactionDurable(t *testing.T) {
	w := newWriter(t)
	statements := map[string]func() (string, []any){
		"delete": func() (string, []any) {
			return w.deleteStatement([]*entry{w.companion(t.Context(), false)})
		},
		"both": func() (string, []any) {
			return w.batchStatement([]*entry{w.companion(t.Context(), false), w.companion(t.Context(), true)})
		},
	}
	for kind, creates := range map[string]bool{"append": false, "create": true} {
		statements["one "+kind] = func() (string, []any) {
			return w.oneStatement(w.companion(t.Context(), creates))
		}
		statements[kind+"s"] = func() (string, []any) {
			return w.batchStatement([]*entry{
				w.companion(t.Context(), creates), w.companion(t.Context(), creates),
			})
		}
	}
	for name, statement := range statements {
		for set, want := range map[string]string{"off": "on", "local": "local", "on": "on"} {
			t.Run(name+" at "+set, func(t *testing.T) {
				text, args := statement()
				tx, err := w.conn.Begin(t.Context())
				require.NoError(t, err)
				defer tx.Rollback(context.Background())
				_, err = tx.Exec(t.Context(), "SET LOCAL synchronous_commit = "+set)
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), text, args...)
				require.NoError(t, err)
				var now string
				require.NoError(t, tx.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&now))
				assert.Equal(t, want, now)
			})
		}
	}
}
