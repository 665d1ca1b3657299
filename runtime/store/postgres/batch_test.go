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
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/intern"
)

// writer commits entries as the group does, on a connection of its own.
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

// ways are the statements that an entry can be written by. What comes together has companions, which are to be written whatever becomes of it.
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

// write commits the first entry with its companions, and returns what became of it, or why nothing is known of any.
func (w *writer) write(ctx context.Context, e *entry, companions ...*entry) (became, failed error) {
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
		panic(err) // what a test can't do without
	}
	return newAppend(store.Append{ID: n.ID, Generation: 1, State: saga.StateRunning, Events: someEvents(0, 3)})
}

// someEvents returns n events from that number on, with and without payloads.
func someEvents(seq uint64, n int) []saga.Event {
	var events []saga.Event
	for i := range n {
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000*i, time.UTC)
		e := saga.Event{Seq: seq + uint64(i), Node: saga.NodeID(7 - i), Kind: saga.EventKind(1 + i), At: at}
		if i%2 == 0 {
			e.Payload = fmt.Appendf(nil, "payload %d", i)
		}
		events = append(events, e)
	}
	return events
}

// There is a saga with four events that has started.
func TestEntryEndsTheSameAloneAndInABatch(t *testing.T) {
	appendOf := func(generation, seq uint64, state saga.State, events int) func(saga.ID) *entry {
		return func(id saga.ID) *entry {
			return newAppend(store.Append{ID: id, Generation: generation, Seq: seq, State: state, Events: someEvents(seq, events)})
		}
	}
	create := func(owner string, events int) func(saga.ID) *entry {
		return func(id saga.ID) *entry {
			return newCreate(store.NewSaga{
				ID: id, Name: "another", Owner: owner, Queue: "q", DAG: []byte("{1}"), State: saga.StateCreated, Lease: time.Hour, Events: someEvents(0, events),
			}, nil)
		}
	}
	call := func(id saga.ID) *entry {
		return newAppend(store.Append{ID: id, Generation: 1, Seq: 4, State: saga.StateRunning, Notify: true})
	}
	missing := func(id saga.ID) *entry {
		return newCreate(store.NewSaga{ID: id, Name: "another", State: saga.StateCreated}, &intern.DAG{Text: []byte("{1}")})
	}
	const there, absent = true, false
	for name, c := range map[string]struct {
		there    bool
		entry    func(saga.ID) *entry
		became   error
		next     uint64
		state    saga.State
		notifies bool
	}{
		"append one":                         {there, appendOf(1, 4, saga.StateRunning, 1), nil, 5, saga.StateRunning, false},
		"append several, and the end":        {there, appendOf(1, 4, saga.StateSucceeded, 5), nil, 9, saga.StateSucceeded, false},
		"append a state":                     {there, appendOf(1, 4, saga.StateStuck, 0), nil, 4, saga.StateStuck, false},
		"call the owner":                     {there, call, nil, 4, saga.StateRunning, true},
		"append what was appended":           {there, appendOf(1, 3, saga.StateRunning, 1), store.ErrSequence, 4, saga.StateRunning, false},
		"append what isn't next yet":         {there, appendOf(1, 5, saga.StateRunning, 1), store.ErrSequence, 4, saga.StateRunning, false},
		"append to no sequence":              {there, appendOf(1, math.MaxUint64, saga.StateRunning, 0), store.ErrSequence, 4, saga.StateRunning, false},
		"go back to what hasn't started":     {there, appendOf(1, 4, saga.StateCreated, 1), store.ErrSequence, 4, saga.StateRunning, false},
		"append for an old owner":            {there, appendOf(0, 4, saga.StateRunning, 1), store.ErrFenced, 4, saga.StateRunning, false},
		"append behind, for a later owner":   {there, appendOf(2, 3, saga.StateRunning, 1), store.ErrFenced, 4, saga.StateRunning, false},
		"append to nothing":                  {absent, appendOf(1, 0, saga.StateRunning, 1), store.ErrNotFound, 0, 0, false},
		"create":                             {absent, create("bob", 4), nil, 4, saga.StateCreated, false},
		"create without events":              {absent, create("bob", 0), nil, 0, saga.StateCreated, false},
		"create for whoever takes it":        {absent, create("", 1), nil, 1, saga.StateCreated, true},
		"create with a DAG that isn't there": {absent, missing, errDAGMissing, 0, 0, false},
		"create what is there":               {there, create("bob", 4), store.ErrExists, 4, saga.StateRunning, false},
		"create what is there, for somebody": {there, create("", 4), store.ErrExists, 4, saga.StateRunning, false},
	} {
		for way, write := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				w := newWriter(t)
				id := saga.NewID()
				want := someEvents(0, 4)
				if c.there {
					require.NoError(t, w.Create(t.Context(), store.NewSaga{
						ID: id, Name: "a", Owner: "alice", DAG: []byte("{}"), State: saga.StateRunning, Events: want,
					}))
				}
				if e := c.entry(id); c.became == nil && e.creates {
					want = someEvents(0, int(e.count))
				} else if c.became == nil {
					want = append(want, someEvents(4, int(e.count))...)
				}
				notified := w.listen(t)
				became, failed := write(t.Context(), w, c.entry(id))
				require.NoError(t, failed)
				require.Equal(t, c.became, became)
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
					assert.Equal(t, c.notifies && c.there, record.Notified)
					if !c.there {
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

// listen returns what tells whether the store has notified since.
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

// A row that somebody else has locked is passed over, whatever would have become of it.
func TestLockedRecordIsBusyAloneAndInABatch(t *testing.T) {
	for way, write := range ways {
		for _, generation := range []uint64{1, 2} {
			t.Run(fmt.Sprintf("%s, generation %d", way, generation), func(t *testing.T) {
				w := newWriter(t)
				id := saga.NewID()
				require.NoError(t, w.Create(t.Context(), store.NewSaga{ID: id, Name: "a", DAG: []byte("{}"), State: saga.StateRunning}))
				tx, err := w.pool.Begin(t.Context())
				require.NoError(t, err)
				defer tx.Rollback(context.Background())
				_, err = tx.Exec(t.Context(), "UPDATE "+w.schema+".saga_record SET next_seq = 1 WHERE id = $1", uuid(id))
				require.NoError(t, err)
				short, cancel := context.WithTimeout(t.Context(), time.Minute) // as nobody unlocks it
				defer cancel()
				became, failed := write(short, w, newAppend(store.Append{ID: id, Generation: generation, State: saga.StateRunning, Events: someEvents(0, 2)}))
				require.NoError(t, failed)
				require.ErrorIs(t, became, errBusy)
				require.NoError(t, tx.Rollback(t.Context()))
				log, err := w.Events(t.Context(), id, 0, 0)
				require.NoError(t, err)
				assert.Empty(t, log)
			})
		}
	}
}

// What the vocabulary doesn't have is refused by the database too, and all that would have been written with it.
func TestMalformedEntryIsRefusedAloneAndInABatch(t *testing.T) {
	appended := func(change func(*entry)) func(saga.ID) *entry {
		return func(id saga.ID) *entry {
			e := newAppend(store.Append{ID: id, Generation: 1, State: saga.StateRunning, Events: someEvents(0, 2)})
			change(e)
			return e
		}
	}
	created := func(change func(*entry)) func(saga.ID) *entry {
		return func(saga.ID) *entry {
			e := newCreate(store.NewSaga{ID: saga.NewID(), Name: "a", DAG: []byte("{}"), State: saga.StateRunning, Events: someEvents(0, 2)}, nil)
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
		"append of no state":      {appended(state(0)), "saga_state_check"},
		"append of another state": {appended(state(saga.StateAbandoned + 1)), "saga_state_check"},
		"create of no state":      {created(state(0)), "saga_state_check"},
		"create of another state": {created(state(saga.StateAbandoned + 1)), "saga_state_check"},
		"create of no name":       {created(name), "saga_name_check"},
	} {
		for way, write := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				w := newWriter(t)
				id := saga.NewID()
				require.NoError(t, w.Create(t.Context(), store.NewSaga{ID: id, Name: "a", DAG: []byte("{}"), State: saga.StateRunning}))
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

func TestEveryStateOfTheVocabularyIsWritten(t *testing.T) {
	for way, write := range ways {
		t.Run(way, func(t *testing.T) {
			w := newWriter(t)
			id := saga.NewID()
			require.NoError(t, w.Create(t.Context(), store.NewSaga{ID: id, Name: "a", DAG: []byte("{}"), State: saga.StateCreated}))
			for state := saga.StateCreated; state <= saga.StateAbandoned; state++ {
				became, failed := write(t.Context(), w, newAppend(store.Append{ID: id, Generation: 1, State: state}))
				require.NoError(t, failed, state)
				require.NoError(t, became, state)
			}
		})
	}
}

// The program may have set synchronous_commit to anything on a connection.
func TestStatementsThatWriteMakeTheirTransactionDurable(t *testing.T) {
	w := newWriter(t)
	statements := map[string]func() (string, []any){
		"delete": func() (string, []any) { return w.deleteStatement([]*entry{w.companion(t.Context(), false)}) },
		"both": func() (string, []any) {
			return w.batchStatement([]*entry{w.companion(t.Context(), false), w.companion(t.Context(), true)})
		},
	}
	for kind, creates := range map[string]bool{"append": false, "create": true} {
		statements["one "+kind] = func() (string, []any) { return w.oneStatement(w.companion(t.Context(), creates)) }
		statements[kind+"s"] = func() (string, []any) {
			return w.batchStatement([]*entry{w.companion(t.Context(), creates), w.companion(t.Context(), creates)})
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
