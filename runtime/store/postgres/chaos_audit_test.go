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
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// auditTables record which process has written each event, by its connection,
// and which process has claimed each saga. The triggers run in the transactions
// that they record.
const auditTables = `CREATE SCHEMA chaos;
` + ledgerTable + `;
CREATE TABLE chaos.event (
	saga uuid, seq bigint, generation bigint NOT NULL, process text NOT NULL, backend integer NOT NULL,
	at timestamptz NOT NULL, PRIMARY KEY (saga, seq)
);
CREATE TABLE chaos.claim (
	saga uuid, generation bigint, process text NOT NULL, next_seq bigint NOT NULL, PRIMARY KEY (saga, generation)
);
CREATE FUNCTION chaos.record_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO chaos.event
		SELECT NEW.saga, e.seq, r.generation, current_setting('application_name'), pg_backend_pid(), clock_timestamp()
		FROM saga.saga_record r CROSS JOIN generate_series(NEW.seq, NEW.seq + NEW.count - 1) AS e(seq)
		WHERE r.id = NEW.saga;
	RETURN NULL;
END $$;
CREATE FUNCTION chaos.record_first_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO chaos.event
		SELECT NEW.saga, e.seq, 1, current_setting('application_name'), pg_backend_pid(), clock_timestamp()
		FROM generate_series(0, NEW.count - 1) AS e(seq);
	RETURN NULL;
END $$;
CREATE FUNCTION chaos.record_claim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO chaos.claim SELECT NEW.id, NEW.generation, split_part(NEW.owner, '#', 1), NEW.next_seq;
	RETURN NULL;
END $$;
CREATE TRIGGER record_events AFTER INSERT ON saga.saga_log
	FOR EACH ROW EXECUTE FUNCTION chaos.record_events();
CREATE TRIGGER record_first_events AFTER INSERT ON saga.saga_creation
	FOR EACH ROW EXECUTE FUNCTION chaos.record_first_events();
CREATE TRIGGER record_claim AFTER UPDATE ON saga.saga_record
	FOR EACH ROW WHEN (NEW.generation <> OLD.generation) EXECUTE FUNCTION chaos.record_claim();
CREATE TRIGGER record_first_owner AFTER INSERT ON saga.saga_record
	FOR EACH ROW EXECUTE FUNCTION chaos.record_claim();`

// audit checks what has happened against the promises of the coordinator and
// the store.
type audit struct {
	*chaos
	dag *saga.DAG // of all sagas
	// claims and written have, for each saga, its claims by generation, from 1,
	// and the writer of each event.
	claims  map[saga.ID][]claim
	written map[saga.ID][]writing
	// ends has the generation that has written the result of a step.
	ends map[step]uint64
}

// claim is a row of chaos.claim. The first of a saga is its creation.
type claim struct {
	process string
	nextSeq uint64
}

// writing is a row of chaos.event.
type writing struct {
	generation uint64
	process    string
	at         time.Time
}

// step is the do or the undo of a node.
type step struct {
	id        saga.ID
	node      engine.NodeID
	direction saga.Direction
}

func newAudit(c *chaos) *audit {
	dag, err := tripDAG("step", nil)
	require.NoError(c.t, err)
	a := &audit{
		chaos: c, dag: dag.DAG,
		claims: map[saga.ID][]claim{}, written: map[saga.ID][]writing{}, ends: map[step]uint64{},
	}
	const claims = "SELECT saga, generation, process, next_seq FROM chaos.claim ORDER BY saga, generation"
	a.query(claims, func(rows pgx.Rows) error {
		var id [16]byte
		var generation uint64
		var row claim
		err := rows.Scan(&id, &generation, &row.process, &row.nextSeq)
		a.claims[id] = append(a.claims[id], row)
		assert.EqualValues(a.t, len(a.claims[id]), generation, "a claim increments the generation")
		return err
	})
	const events = "SELECT saga, seq, generation, process, at FROM chaos.event ORDER BY saga, seq"
	a.query(events, func(rows pgx.Rows) error {
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

// log checks a saga's log against the state machine, and its result against its
// plan.
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
		case engine.EventSucceeded, engine.EventFailed, engine.EventIndeterminate:
			a.ends[step{id, e.Node, saga.Do}] = a.written[id][e.Seq].generation
		case engine.EventUndoFinished, engine.EventUndoFailed:
			a.ends[step{id, e.Node, saga.Undo}] = a.written[id][e.Seq].generation
		}
	}
}

// owners checks each event against the claims: its writer is the process that
// owned the saga when the event took its number. A former owner writes nothing
// after the claim.
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
			assert.LessOrEqual(a.t, owned.nextSeq, uint64(seq),
				"saga %s: event of generation %d before its claim", id, w.generation)
		}
		if int(w.generation) < len(claims) {
			assert.Less(a.t, uint64(seq), claims[w.generation].nextSeq,
				"saga %s: event of generation %d after the next claim", id, w.generation)
		}
		last = w.generation
	}
}

// ledger checks the ledger against the results of the sagas.
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

// calls checks the calls against what was known when they began. A process
// calls no action before it knows that the start is durable, and none whose
// result it knows. If another process knows the result, the process may call
// the action only if it had lost the saga before the result was written: it was
// paused after it had written the start.
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
		assert.True(a.t, k.starts[process], "%q: the process doesn't know that the start is durable", line)
		switch {
		case k.ends[process]:
			assert.Fail(a.t, "the process knows the result", "%q", line)
		case len(k.ends) > 0:
			late++
			assert.True(a.t, a.ownedBefore(id, process, a.ends[s]),
				"%q: the result is durable, and the process hadn't lost the saga before", line)
		}
	}
	require.NoError(a.t, lines.Err())
	assert.Greater(a.t, calls, len(a.ends)*9/10)
	for s := range a.ends {
		assert.True(a.t, seen[s], "%+v has a result and was never called", s)
	}
	a.t.Logf("%d calls of %d steps; %d began in processes that had lost the saga, after others had the result",
		calls, len(a.ends), late)
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

// parseKnown returns the step of an event, and whether the event is its start
// or its end.
func (a *audit) parseKnown(id saga.ID, node, kind string) (s step, begins bool) {
	n, err := strconv.Atoi(node)
	require.NoError(a.t, err)
	k, err := strconv.Atoi(kind)
	require.NoError(a.t, err)
	s = step{id, engine.NodeID(n), saga.Do}
	switch engine.EventKind(k) {
	case engine.EventUndoStarted, engine.EventUndoFinished, engine.EventUndoFailed:
		s.direction = saga.Undo
	}
	return s, k == int(engine.EventStarted) || k == int(engine.EventUndoStarted)
}

// ownedBefore reports whether the process has owned the saga in an earlier
// generation.
func (a *audit) ownedBefore(id saga.ID, process string, generation uint64) bool {
	claims := a.claims[id]
	earlier := claims[:min(int(generation)-1, len(claims))]
	return slices.ContainsFunc(earlier, func(c claim) bool { return c.process == process })
}

// takeover logs the time until other processes have written to the sagas of a
// process that is gone. It asserts no limit, since the time also depends on the
// machine.
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
	require.NotEmpty(a.t, took, "%s was %s and had no unfinished sagas", gone.process, gone.what)
	slices.Sort(took)
	a.t.Logf("%s was %s: others resumed its %d sagas after %.2f s to %.2f s; the lease is %v",
		gone.process, gone.what, len(took), took[0].Seconds(), took[len(took)-1].Seconds(), chaosLease)
}
