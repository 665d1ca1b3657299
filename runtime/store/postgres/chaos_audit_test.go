//go:build unix

package postgres_test

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// auditTables record who has written each event, by the connection that it came on, and who has claimed each saga. The triggers run in the
// transactions that they record.
const auditTables = `CREATE SCHEMA chaos;
` + ledgerTable + `;
CREATE TABLE chaos.event (
	saga uuid, seq bigint, generation bigint NOT NULL, process text NOT NULL, backend integer NOT NULL, at timestamptz NOT NULL,
	PRIMARY KEY (saga, seq)
);
CREATE TABLE chaos.claim (
	saga uuid, generation bigint, process text NOT NULL, next_seq bigint NOT NULL, PRIMARY KEY (saga, generation)
);
CREATE FUNCTION chaos.note_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO chaos.event SELECT NEW.saga, e.seq, r.generation, current_setting('application_name'), pg_backend_pid(), clock_timestamp()
		FROM saga.saga_record r CROSS JOIN generate_series(NEW.seq, NEW.seq + NEW.count - 1) AS e(seq) WHERE r.id = NEW.saga;
	RETURN NULL;
END $$;
CREATE FUNCTION chaos.note_first_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO chaos.event SELECT NEW.saga, e.seq, 1, current_setting('application_name'), pg_backend_pid(), clock_timestamp()
		FROM generate_series(0, NEW.count - 1) AS e(seq);
	RETURN NULL;
END $$;
CREATE FUNCTION chaos.note_claim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO chaos.claim SELECT NEW.id, NEW.generation, split_part(NEW.owner, '#', 1), NEW.next_seq;
	RETURN NULL;
END $$;
CREATE TRIGGER note_events AFTER INSERT ON saga.saga_log
	FOR EACH ROW EXECUTE FUNCTION chaos.note_events();
CREATE TRIGGER note_first_events AFTER INSERT ON saga.saga_creation
	FOR EACH ROW EXECUTE FUNCTION chaos.note_first_events();
CREATE TRIGGER note_claim AFTER UPDATE ON saga.saga_record
	FOR EACH ROW WHEN (NEW.generation <> OLD.generation) EXECUTE FUNCTION chaos.note_claim();
CREATE TRIGGER note_first_owner AFTER INSERT ON saga.saga_record
	FOR EACH ROW EXECUTE FUNCTION chaos.note_claim();`

// audit holds what has happened to what is promised.
type audit struct {
	*chaos
	dag *saga.DAG // that of all sagas
	// claims and written are by saga: the claims by generation, from 1, and who has written each event.
	claims  map[saga.ID][]claim
	written map[saga.ID][]writing
	// ends holds the generation in which a call's result was written.
	ends map[step]uint64
}

// claim is what the table chaos.claim has; the first of a saga is its creation.
type claim struct {
	process string
	nextSeq uint64
}

// writing is what the table chaos.event has.
type writing struct {
	generation uint64
	process    string
	at         time.Time
}

// step is a do or an undo.
type step struct {
	id        saga.ID
	node      saga.NodeID
	direction saga.Direction
}

func newAudit(c *chaos) *audit {
	dag, err := tripDAG("step", nil)
	require.NoError(c.t, err)
	a := &audit{
		chaos: c, dag: dag.DAG,
		claims: map[saga.ID][]claim{}, written: map[saga.ID][]writing{}, ends: map[step]uint64{},
	}
	a.query("SELECT saga, generation, process, next_seq FROM chaos.claim ORDER BY saga, generation", func(rows pgx.Rows) error {
		var id [16]byte
		var generation uint64
		var row claim
		err := rows.Scan(&id, &generation, &row.process, &row.nextSeq)
		a.claims[id] = append(a.claims[id], row)
		assert.EqualValues(a.t, len(a.claims[id]), generation, "a claim raises the generation by one")
		return err
	})
	a.query("SELECT saga, seq, generation, process, at FROM chaos.event ORDER BY saga, seq", func(rows pgx.Rows) error {
		var id [16]byte
		var seq uint64
		var row writing
		err := rows.Scan(&id, &seq, &row.generation, &row.process, &row.at)
		assert.EqualValues(a.t, len(a.written[id]), seq)
		a.written[id] = append(a.written[id], row)
		return err
	})
	return a
}

func (a *audit) query(text string, row func(pgx.Rows) error, args ...any) {
	a.t.Helper()
	rows, err := a.pool.Query(a.ctx, text, args...)
	require.NoError(a.t, err)
	defer rows.Close()
	for rows.Next() {
		require.NoError(a.t, row(rows))
	}
	require.NoError(a.t, rows.Err())
}

func (a *audit) run() {
	for id := range a.sagas {
		a.log(id)
		a.owners(id)
	}
	a.ledger()
	a.calls()
	for _, gone := range a.takeovers {
		a.takeover(gone)
	}
}

// log holds a saga's log to the state machine, and its end to its plan.
func (a *audit) log(id saga.ID) {
	record, err := a.store.Load(a.ctx, id)
	require.NoError(a.t, err)
	events, err := a.store.Events(a.ctx, id, 0, 0)
	require.NoError(a.t, err)
	machine, err := executor.Replay(a.dag, events)
	require.NoError(a.t, err, "saga %s", id)
	assert.Equal(a.t, a.sagas[id].end(), record.State, "saga %s of %+v", id, a.sagas[id])
	assert.Equal(a.t, machine.State(), record.State)
	assert.EqualValues(a.t, len(events), record.NextSeq)
	require.Len(a.t, a.written[id], len(events))
	for _, e := range events {
		switch e.Kind {
		case saga.EventSucceeded, saga.EventFailed, saga.EventIndeterminate:
			a.ends[step{id, e.Node, saga.Do}] = a.written[id][e.Seq].generation
		case saga.EventUndoFinished, saga.EventUndoFailed:
			a.ends[step{id, e.Node, saga.Undo}] = a.written[id][e.Seq].generation
		}
	}
}

// owners holds each event to the claims: it is of the process that owned the saga when the event took its number. An
// owner that has lost it writes nothing behind the claim.
func (a *audit) owners(id saga.ID) {
	claims := a.claims[id]
	var last uint64
	for seq, w := range a.written[id] {
		if !assert.LessOrEqual(a.t, w.generation, uint64(len(claims)), "saga %s, event %d", id, seq) {
			return
		}
		owned := claims[w.generation-1]
		assert.GreaterOrEqual(a.t, w.generation, last, "saga %s, event %d: the generation went back", id, seq)
		assert.Equal(a.t, owned.process, w.process, "saga %s, event %d of generation %d", id, seq, w.generation)
		if w.generation > 1 {
			assert.LessOrEqual(a.t, owned.nextSeq, uint64(seq), "saga %s: event of generation %d before its claim", id, w.generation)
		}
		if int(w.generation) < len(claims) {
			assert.Less(a.t, uint64(seq), claims[w.generation].nextSeq, "saga %s: event of generation %d behind the next claim", id, w.generation)
		}
		last = w.generation
	}
}

// ledger holds what stands in the ledger to the ends of the sagas.
func (a *audit) ledger() {
	standing := map[saga.ID][]string{}
	a.query("SELECT saga, node FROM chaos.ledger WHERE done AND NOT undone", func(rows pgx.Rows) error {
		var id [16]byte
		var node string
		err := rows.Scan(&id, &node)
		standing[id] = append(standing[id], node)
		return err
	})
	for id, p := range a.sagas {
		var want []string
		if p.end() == saga.StateSucceeded {
			for _, node := range tripNodes {
				want = append(want, string(node))
			}
		}
		assert.ElementsMatch(a.t, want, standing[id], "saga %s of %+v", id, p)
	}
	a.query("SELECT saga, node FROM chaos.ledger WHERE done", func(rows pgx.Rows) error {
		var id [16]byte
		var node saga.NodeName
		err := rows.Scan(&id, &node)
		assert.NotEqual(a.t, a.sagas[id].Fail, node, "a node that fails does nothing")
		return err
	})
}

// calls holds the calls to what was known when they began. A process calls nothing before it knows that the start is durable,
// and nothing of which it knows the result. What another process knows to have ended it may only call if it had lost the saga before
// that: it has stood still since the start.
func (a *audit) calls() {
	file, err := os.Open(a.history)
	require.NoError(a.t, err)
	defer file.Close()
	type knowledge struct{ starts, ends map[string]bool } // by process
	known := map[step]*knowledge{}
	at := func(s step) *knowledge {
		if known[s] == nil {
			known[s] = &knowledge{map[string]bool{}, map[string]bool{}}
		}
		return known[s]
	}
	calls, late := 0, 0
	seen := map[step]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		f := strings.Fields(line)
		require.Len(a.t, f, 5, "%q", line)
		process := f[1]
		id, err := saga.ParseID(f[2])
		require.NoError(a.t, err)
		if f[0] == "known" {
			if s, begins := a.parseKnown(id, f[3], f[4]); begins {
				at(s).starts[process] = true
			} else {
				at(s).ends[process] = true
			}
			continue
		}
		s := a.parseCall(id, f[3], f[4])
		calls++
		seen[s] = true
		k := at(s)
		assert.True(a.t, k.starts[process], "%q: it doesn't know that the start is durable", line)
		switch {
		case k.ends[process]:
			assert.Fail(a.t, "it knows the result", "%q", line)
		case len(k.ends) > 0:
			late++
			assert.True(a.t, a.ownedBefore(id, process, a.ends[s]), "%q: the result is durable, and it hadn't lost the saga before", line)
		}
	}
	require.NoError(a.t, lines.Err())
	assert.Greater(a.t, calls, len(a.ends)*9/10)
	for s := range a.ends {
		assert.True(a.t, seen[s], "%+v has ended and was never called", s)
	}
	a.t.Logf("%d calls of %d steps; %d began in processes that had lost the saga, after others had the result", calls, len(a.ends), late)
}

func (a *audit) parseCall(id saga.ID, path, direction string) step {
	node, err := a.dag.Find(saga.NodePath(path))
	require.NoError(a.t, err)
	s := step{id, node, saga.Do}
	if direction == saga.Undo.String() {
		s.direction = saga.Undo
	}
	return s
}

// parseKnown returns the step of which an event tells, and whether that has begun or ended.
func (a *audit) parseKnown(id saga.ID, node, kind string) (s step, begins bool) {
	n, err := strconv.Atoi(node)
	require.NoError(a.t, err)
	k, err := strconv.Atoi(kind)
	require.NoError(a.t, err)
	s = step{id, saga.NodeID(n), saga.Do}
	switch saga.EventKind(k) {
	case saga.EventUndoStarted, saga.EventUndoFinished, saga.EventUndoFailed:
		s.direction = saga.Undo
	}
	return s, k == int(saga.EventStarted) || k == int(saga.EventUndoStarted)
}

// ownedBefore reports whether the process has owned the saga in a generation before that one.
func (a *audit) ownedBefore(id saga.ID, process string, generation uint64) bool {
	claims := a.claims[id]
	return slices.ContainsFunc(claims[:min(int(generation)-1, len(claims))], func(c claim) bool { return c.process == process })
}

// takeover logs how long it took until others went on with what a process has left. No limit is asserted: it says as
// much about the machine.
func (a *audit) takeover(gone takeover) {
	var took []time.Duration
	for _, id := range gone.sagas {
		for _, w := range a.written[id] {
			if w.process != gone.process && w.at.After(gone.at) {
				took = append(took, w.at.Sub(gone.at))
				break
			}
		}
	}
	require.NotEmpty(a.t, took, "%s was %s and had nothing in hand", gone.process, gone.what)
	slices.Sort(took)
	a.t.Logf("%s was %s: others went on with its %d sagas after %.2f s to %.2f s; the lease is %v",
		gone.process, gone.what, len(took), took[0].Seconds(), took[len(took)-1].Seconds(), chaosLease)
}
