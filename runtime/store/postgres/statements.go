package postgres

import (
	"fmt"
	"strings"
)

// columns are those of a record r, in the order that scanRecords wants.
const columns = "r.id, r.name, r.state, r.queue, r.owner, r.generation, r.called, r.next_seq, r.created, r.updated"

// isOpen selects the records r that are not final, in words that let PostgreSQL use the index saga_record_free.
const isOpen = "r.state < 5"

// leaseEnd is when a lease ends that begins now and lasts that many microseconds; -infinity if it has ended.
func leaseEnd(microseconds string) string {
	return `CASE WHEN ` + microseconds + ` > 0 THEN clock_timestamp() + ` + microseconds + ` * interval '1 microsecond' ELSE '-infinity' END`
}

// notify tells those who watch, when the transaction is committed, and is 0. What is notified about is committed one transaction after the
// other in the whole server, so it's for what happens seldom.
const notify = `length(pg_notify('$channel', '')::text)`

// lastRenewal is the number of the last renewal of an owner's leases.
func lastRenewal(owner string) string {
	return `COALESCE((SELECT renewal FROM $schema.saga_lease WHERE owner = ` + owner + `), 0)`
}

// statements are the texts for one schema.
type statements struct {
	appends, creates, both string // by which the batch has
	claim, claimIDs, renew string
	delete                 string
	load, events, list     string
	forgetLeases           string
}

func newStatements(schema, channel string) statements {
	in := strings.NewReplacer("$schema", schema, "$channel", channel).Replace
	return statements{
		appends: in(batchText(true, false)),
		creates: in(batchText(false, true)),
		both:    in(batchText(true, true)),

		claim:    in(claimText(freeText)),
		claimIDs: in(claimText(freeIDsText)),
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
				AND NOT EXISTS (SELECT FROM $schema.saga_record r WHERE r.owner = l.owner AND ` + isOpen + `)`),

		delete: in(deleteText),

		load: in(`SELECT ` + columns + `, dag FROM $schema.saga_record r JOIN $schema.saga_dag ON saga = r.id WHERE r.id = $1::uuid`),
		events: in(`
			SELECT seq, node, kind, at, payload FROM $schema.saga_event
			WHERE saga = $1::uuid AND seq >= $2::bigint ORDER BY seq LIMIT $3::bigint`),
		list: in(`SELECT ` + columns + ` FROM $schema.saga_record r`),
	}
}

// claimText returns the statement that claims for $1, until $2 from now, at most $3 sagas of the queue $4. free is a list of
// queries, named in it, the last of which selects the IDs and locks their records. If it selects none, nothing is written, not even to the WAL.
func claimText(free string) string {
	return `
	WITH RECURSIVE ` + free + `, claimed AS (
		UPDATE $schema.saga_record r SET owner = $1::text, generation = r.generation + 1, called = false,
			lease_end = ` + leaseEnd("$2::bigint") + `, renewal = ` + lastRenewal("$1::text") + `
		FROM free WHERE r.id = free.id
		RETURNING ` + columns + `, ` + ensureDurable + `
	)
	SELECT ` + columns + `, d.dag FROM claimed r JOIN $schema.saga_dag d ON d.saga = r.id ORDER BY r.id`
}

// leaseEnded says whether the lease of a record r has ended. It is one that is evaluated again, for the owner of then, if the
// record has changed before it could be locked.
const leaseEnded = `COALESCE((SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = r.owner AND l.renewal > r.renewal), r.lease_end) <= now()`

// freeText reads what nobody owns in the order of the IDs, and no further than the limit. Of what has an owner, it doesn't read what the owner's
// last renewal holds, which may be much: it goes from owner to owner in the index saga_record_free, and looks behind the renewal. OFFSET 0, the
// array and the text of the IDs, whose order is theirs, keep the planner, which knows little of a table that has just grown, from
// reading all that is in the queue, or all sagas, instead of those few.
const freeText = `
	nobodys AS MATERIALIZED (
		SELECT r.id FROM $schema.saga_record r
		WHERE r.queue = $4::text AND r.owner = '' AND r.renewal = 0 AND ` + isOpen + `
		ORDER BY r.id LIMIT $3::bigint
		FOR NO KEY UPDATE SKIP LOCKED
	), owners (owner) AS (
		SELECT '' COLLATE "C"
		UNION ALL
		SELECT (
			SELECT r.owner FROM $schema.saga_record r
			WHERE r.queue = $4::text AND r.owner > owners.owner AND ` + isOpen + `
			ORDER BY r.owner LIMIT 1)
		FROM owners WHERE owners.owner IS NOT NULL
	), ended AS MATERIALIZED (
		SELECT r.id FROM owners
			LEFT JOIN $schema.saga_lease l ON l.owner = owners.owner
			CROSS JOIN LATERAL (
				SELECT r.id FROM $schema.saga_record r
				WHERE r.queue = $4::text AND r.owner = owners.owner AND ` + isOpen + `
					AND r.renewal >= CASE WHEN l.lease_end > now() THEN l.renewal ELSE 0 END
					AND CASE WHEN l.renewal > r.renewal THEN l.lease_end ELSE r.lease_end END <= now()
				OFFSET 0) AS r
		WHERE owners.owner NOT IN ('', $1::text)
	), others AS MATERIALIZED (
		SELECT r.id FROM $schema.saga_record r
		WHERE r.id = ANY (ARRAY (SELECT id FROM ended)) AND ` + isOpen + ` AND r.owner <> $1::text AND ` + leaseEnded + `
		ORDER BY r.id::text COLLATE "C" LIMIT $3::bigint
		FOR NO KEY UPDATE SKIP LOCKED
	), free AS MATERIALIZED (
		SELECT id FROM (SELECT id FROM nobodys UNION ALL SELECT id FROM others) AS either ORDER BY id LIMIT $3::bigint
	)`

// freeIDsText asks of each of the IDs $5 whether it is free.
const freeIDsText = `
	free AS MATERIALIZED (
		SELECT r.id FROM $schema.saga_record r
		WHERE r.id = ANY ($5::uuid[]) AND r.queue = $4::text AND ` + isOpen + ` AND r.owner <> $1::text
			AND (r.owner = '' OR ` + leaseEnded + `)
		ORDER BY r.id::text COLLATE "C" LIMIT $3::bigint
		FOR NO KEY UPDATE SKIP LOCKED
	)`

// deleteText deletes those of the sagas $1 that are final, and returns a row for each, as the statements of batchText do. The statement
// doesn't see the events of an append that was committed after it had begun and before it has locked the record. Then the
// record that it sees and the one that it has locked count different events, and the delete is tried again. The events are found by index
// and removed by place, as the planner would take their number for so many that it would rather read the table whole.
const deleteText = `
	WITH locked AS MATERIALIZED (
		SELECT r.id, r.state, r.next_seq FROM $schema.saga_record r WHERE r.id = ANY ($1::uuid[])
		FOR UPDATE SKIP LOCKED
	), gone AS MATERIALIZED (
		SELECT r.id FROM locked JOIN $schema.saga_record r ON r.id = locked.id
		WHERE locked.state >= 5 AND locked.next_seq = r.next_seq
	), events AS (
		DELETE FROM $schema.saga_event WHERE ctid = ANY (ARRAY (
			SELECT e.ctid FROM gone CROSS JOIN LATERAL (
				SELECT e.ctid FROM $schema.saga_event e WHERE e.saga = gone.id OFFSET 0) AS e))
	), dags AS (
		DELETE FROM $schema.saga_dag d USING gone WHERE d.saga = gone.id
	), records AS (
		DELETE FROM $schema.saga_record r USING gone WHERE r.id = gone.id
	)
	SELECT asked.id, CASE
		WHEN gone.id IS NOT NULL THEN 0
		WHEN locked.id IS NULL AND NOT EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = asked.id) THEN 2
		WHEN locked.state < 5 THEN 6
		ELSE 5 END, ` + ensureDurable + `
	FROM unnest($1::uuid[]) AS asked(id) LEFT JOIN locked ON locked.id = asked.id LEFT JOIN gone ON gone.id = asked.id`

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
			SELECT * FROM `+arrays("uuid", "bigint", "bigint", "bigint", "smallint", "boolean")+` AS a(id, generation, seq, events, state, call)
		)`, `locked AS MATERIALIZED (
			SELECT r.id, r.generation, r.next_seq, r.state FROM a JOIN $schema.saga_record r ON r.id = a.id
			FOR NO KEY UPDATE OF r SKIP LOCKED
		)`, `advanced AS (
			UPDATE $schema.saga_record r SET next_seq = r.next_seq + a.events, state = a.state, called = a.call, updated = now()
			FROM a JOIN locked ON locked.id = a.id
			WHERE r.id = a.id AND r.generation = a.generation AND r.next_seq = a.seq AND (a.state <> 1 OR r.state = 1)
			RETURNING r.id
		)`)
		written = append(written, `SELECT id FROM advanced`)
		outcomes = append(outcomes, `
			SELECT a.id, CASE
				WHEN advanced.id IS NOT NULL THEN CASE WHEN a.call THEN `+notify+` ELSE 0 END
				WHEN locked.id IS NULL AND NOT EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = a.id) THEN 2
				WHEN locked.generation <> a.generation THEN 3
				WHEN locked.next_seq <> a.seq OR a.state = 1 AND locked.state <> 1 THEN 4
				ELSE 5 END, `+ensureDurable+`
			FROM a LEFT JOIN advanced ON advanced.id = a.id LEFT JOIN locked ON locked.id = a.id`)
	}
	if creates {
		with = append(with, `c AS MATERIALIZED (
			SELECT * FROM `+arrays("uuid", "text", "smallint", "text", "text", "bigint", "bigint", "bytea")+`
				AS c(id, name, state, queue, owner, events, lease, dag)
		)`, `created AS (
			INSERT INTO $schema.saga_record
				(id, name, state, queue, owner, generation, called, next_seq, lease_end, renewal, created, updated)
			SELECT id, name, state, queue, owner, 1, false, events, `+leaseEnd("lease")+`, `+lastRenewal("c.owner")+`, now(), now() FROM c
			ON CONFLICT (id) DO NOTHING
			RETURNING id
		)`, `dags AS (
			INSERT INTO $schema.saga_dag (saga, dag) SELECT c.id, c.dag FROM c JOIN created ON created.id = c.id
		)`)
		written = append(written, `SELECT id FROM created`)
		outcomes = append(outcomes, `
			SELECT c.id, CASE WHEN created.id IS NULL THEN 1 WHEN c.owner = '' THEN `+notify+` ELSE 0 END, `+ensureDurable+`
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
