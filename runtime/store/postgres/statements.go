package postgres

import (
	"fmt"
	"strings"
)

// columns are those of a record r, in the order that scanRecords wants.
const columns = "r.id, r.name, r.state, r.owner, r.generation, r.next_seq, r.created, r.updated"

// leaseEnd is when a lease ends that begins now and lasts that many microseconds; -infinity if it has ended.
func leaseEnd(microseconds string) string {
	return `CASE WHEN ` + microseconds + ` > 0 THEN clock_timestamp() + ` + microseconds + ` * interval '1 microsecond' ELSE '-infinity' END`
}

// lastRenewal is the number of the last renewal of an owner's leases.
func lastRenewal(owner string) string {
	return `COALESCE((SELECT renewal FROM $schema.saga_lease WHERE owner = ` + owner + `), 0)`
}

// statements are the texts for one schema.
type statements struct {
	appends, creates, both string // by which the batch has
	claim, claimIDs, renew string
	lock, delete           string
	load, events, list     string
	forgetLeases           string
}

func newStatements(schema string) statements {
	in := func(text string) string { return strings.ReplaceAll(text, "$schema", schema) }
	return statements{
		appends: in(batchText(true, false)),
		creates: in(batchText(false, true)),
		both:    in(batchText(true, true)),

		claim:    in(claimText("")),
		claimIDs: in(claimText("AND r.id = ANY ($4::uuid[])")),
		// A number that grows even if the clock doesn't, and even if forgetLeases has removed the row.
		renew: in(`
			INSERT INTO $schema.saga_lease AS l (owner, renewal, lease_end)
			VALUES ($1::text, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, ` + leaseEnd("$2::bigint") + `)
			ON CONFLICT (owner) DO UPDATE
				SET renewal = GREATEST(l.renewal + 1, excluded.renewal), lease_end = excluded.lease_end
			RETURNING ` + ensureDurable),
		// Owners come with each start of a program, and don't come back.
		forgetLeases: in(`
			DELETE FROM $schema.saga_lease l WHERE lease_end < now() - interval '1 day' AND renewal < (extract(epoch FROM now()) - 86400) * 1000000
				AND NOT EXISTS (SELECT FROM $schema.saga_record r WHERE r.owner = l.owner AND r.state IN (1, 2, 3, 4))`),

		lock: in(`SELECT state, ` + ensureDurable + ` FROM $schema.saga_record WHERE id = $1::uuid FOR UPDATE`),
		delete: in(`
			WITH dag AS (DELETE FROM $schema.saga_dag WHERE saga = $1::uuid),
				events AS (DELETE FROM $schema.saga_event WHERE saga = $1::uuid)
			DELETE FROM $schema.saga_record WHERE id = $1::uuid`),

		load: in(`SELECT ` + columns + `, dag FROM $schema.saga_record r JOIN $schema.saga_dag ON saga = r.id WHERE r.id = $1::uuid`),
		events: in(`
			SELECT seq, node, kind, at, payload FROM $schema.saga_event
			WHERE saga = $1::uuid AND seq >= $2::bigint ORDER BY seq LIMIT $3::bigint`),
		list: in(`SELECT ` + columns + ` FROM $schema.saga_record r`),
	}
}

// claimText returns the statement that claims, of the sagas that the condition restricts. It sorts by the text of the IDs, whose order is
// theirs, as the planner, which knows little of a table that has just grown, would rather read all sagas in the order of the primary key than
// sort those that are open.
func claimText(condition string) string {
	return `
	WITH free AS MATERIALIZED (
		SELECT r.id FROM $schema.saga_record r
			LEFT JOIN $schema.saga_lease l ON l.owner = r.owner AND l.renewal > r.renewal
		WHERE r.state IN (1, 2, 3, 4) AND r.owner <> $1::text AND COALESCE(l.lease_end, r.lease_end) <= now() ` + condition + `
		ORDER BY r.id::text COLLATE "C" LIMIT $3::bigint
		FOR NO KEY UPDATE OF r SKIP LOCKED
	), r AS (
		UPDATE $schema.saga_record r SET owner = $1::text, generation = r.generation + 1,
			lease_end = ` + leaseEnd("$2::bigint") + `, renewal = ` + lastRenewal("$1::text") + `
		FROM free WHERE r.id = free.id
		RETURNING ` + columns + `, ` + ensureDurable + `
	)
	SELECT ` + columns + `, d.dag FROM r JOIN $schema.saga_dag d ON d.saga = r.id ORDER BY r.id`
}

// batchText returns the statement that commits a batch: appends, creates, or both. It returns a row for each entry, with an index of outcomes. One
// entry that can't be done doesn't keep the others from being done, and none waits for a row that another transaction has locked.
//
// Fencing: who is the owner and which event is next are asked by the UPDATE that takes the numbers, and it is
// what the INSERT gets the sagas from. locked is there to pass over rows in use, and to tell why the UPDATE passed over one:
// its rows are the newest, those of saga_record as they were when the statement began.
func batchText(appends, creates bool) string {
	var with, written, outcomes []string
	parameters := 6 // those of the events
	arrays := func(types ...string) string {
		casts := make([]string, len(types))
		for i, t := range types {
			parameters++
			casts[i] = fmt.Sprintf("$%d::%s[]", parameters, t)
		}
		return "unnest(" + strings.Join(casts, ", ") + ")"
	}
	if appends {
		with = append(with, `a AS MATERIALIZED (
			SELECT * FROM `+arrays("uuid", "bigint", "bigint", "bigint", "smallint")+` AS a(id, generation, seq, events, state)
		)`, `locked AS MATERIALIZED (
			SELECT r.id, r.generation, r.next_seq FROM a JOIN $schema.saga_record r ON r.id = a.id
			FOR NO KEY UPDATE OF r SKIP LOCKED
		)`, `advanced AS (
			UPDATE $schema.saga_record r SET next_seq = r.next_seq + a.events, state = a.state, updated = now()
			FROM a JOIN locked ON locked.id = a.id
			WHERE r.id = a.id AND r.generation = a.generation AND r.next_seq = a.seq
			RETURNING r.id
		)`)
		written = append(written, `SELECT id FROM advanced`)
		outcomes = append(outcomes, `
			SELECT a.id, CASE
				WHEN advanced.id IS NOT NULL THEN 0
				WHEN locked.id IS NULL AND NOT EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = a.id) THEN 2
				WHEN locked.generation <> a.generation THEN 3
				WHEN locked.next_seq <> a.seq THEN 4
				ELSE 5 END, `+ensureDurable+`
			FROM a LEFT JOIN advanced ON advanced.id = a.id LEFT JOIN locked ON locked.id = a.id`)
	}
	if creates {
		with = append(with, `c AS MATERIALIZED (
			SELECT * FROM `+arrays("uuid", "text", "smallint", "text", "bigint", "bigint", "bytea")+`
				AS c(id, name, state, owner, events, lease, dag)
		)`, `created AS (
			INSERT INTO $schema.saga_record (id, name, state, owner, generation, next_seq, lease_end, renewal, created, updated)
			SELECT id, name, state, owner, 1, events, `+leaseEnd("lease")+`, `+lastRenewal("c.owner")+`, now(), now() FROM c
			ON CONFLICT (id) DO NOTHING
			RETURNING id
		)`, `dags AS (
			INSERT INTO $schema.saga_dag (saga, dag) SELECT c.id, c.dag FROM c JOIN created ON created.id = c.id
		)`)
		written = append(written, `SELECT id FROM created`)
		outcomes = append(outcomes, `
			SELECT c.id, CASE WHEN created.id IS NULL THEN 1 ELSE 0 END, `+ensureDurable+`
			FROM c LEFT JOIN created ON created.id = c.id`)
	}
	with = append(with, `events AS (
		INSERT INTO $schema.saga_event (saga, seq, node, kind, at, payload)
		SELECT e.saga, e.seq, e.node, e.kind, e.at, e.payload
		FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::smallint[], $5::timestamptz[], $6::bytea[])
				AS e(saga, seq, node, kind, at, payload)
			JOIN (`+strings.Join(written, " UNION ALL ")+`) AS written ON written.id = e.saga
	)`)
	return "WITH " + strings.Join(with, ", ") + strings.Join(outcomes, " UNION ALL ")
}
