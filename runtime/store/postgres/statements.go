package postgres

import (
	"fmt"
	"strings"
)

// columns are those of a record r, in the order that scanRecords wants.
const columns = "r.id, r.name, r.state, r.queue, r.owner, r.generation, r.called, r.next_seq, r.created, r.updated"

// creation are the columns of what a saga was created with, of the tables that joinCreation joins with a record r.
const (
	creation     = "COALESCE(c.dag, d.dag), c.params"
	joinCreation = `$schema.saga_creation c ON c.saga = r.id LEFT JOIN $schema.saga_dag d ON d.digest = c.shared`
)

// isOpen selects the records r that are not final, in words that let PostgreSQL use the index saga_record_free.
const isOpen = "r.state < 5"

// leaseEnd is when a lease ends that begins now and lasts that many microseconds; -infinity if it has ended.
func leaseEnd(microseconds string) string {
	return `CASE WHEN ` + microseconds + ` > 0 THEN clock_timestamp() + ` + microseconds + ` * interval '1 microsecond' ELSE '-infinity' END`
}

// statements are the texts for one schema.
type statements struct {
	appends, creates, both string // by which the batch has
	appendOne, createOne   string
	claim, claimIDs, renew string
	release, delete        string
	load, exists           string
	list                   string
	events, logs           string
	putDAG                 string
	forgetLeases           string
	forgetDAGs             string
}

func newStatements(schema string) statements {
	in := strings.NewReplacer("$schema", schema).Replace
	return statements{
		appends:   in(appendCall(1)),
		creates:   in(createCall(1)),
		both:      in(appendCall(1) + ` UNION ALL ` + createCall(1+appendParameters)),
		appendOne: in(callOne("saga_append_one", 7)),
		createOne: in(callOne("saga_create_one", 11)),

		claim: in(`SELECT ` + columns + `, r.dag, r.params FROM $schema.saga_claim($1::text, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::boolean, $7::uuid[]) AS r
			WHERE ` + ensureDurable + ` <> ''`),
		claimIDs: in(claimIDsText),
		renew:    in(`SELECT $schema.saga_renew($1::text, $2::bigint) WHERE ` + ensureDurable + ` <> ''`),
		// If the commit is lost, so is that of any saga that has it, as it comes later.
		putDAG: in(`INSERT INTO $schema.saga_dag (digest, dag) VALUES ($1::bytea, $2::bytea) ON CONFLICT (digest) DO NOTHING`),
		// Owners come with each start of a program, and don't come back. A lease that has ended is as none.
		forgetLeases: in(`DELETE FROM $schema.saga_lease WHERE lease_end <= now()`),
		forgetDAGs:   in(`SELECT $schema.saga_forget_dags()`),

		release: in(releaseText),
		delete:  in(deleteText),

		load: in(`
			SELECT ` + columns + `, ` + creation + ` FROM $schema.saga_record r JOIN ` + joinCreation + ` WHERE r.id = $1::uuid`),
		exists: in(`SELECT EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = $1::uuid)`),
		// From the row on that has the first event that is asked for, as the numbers have no gaps.
		events: in(`
			SELECT 0::bigint AS seq, c.count, c.events FROM $schema.saga_creation c WHERE c.saga = $1::uuid AND c.count > $2::bigint
			UNION ALL
			SELECT l.seq, l.count, l.events FROM $schema.saga_log l
			WHERE l.saga = $1::uuid AND l.seq < $3::bigint AND l.seq >= COALESCE(
				(SELECT first.seq FROM $schema.saga_log first WHERE first.saga = $1::uuid AND first.seq <= $2::bigint ORDER BY first.seq DESC LIMIT 1), 0)
			ORDER BY seq`),
		logs: in(`SELECT l.place, l.seq, l.count, l.events FROM $schema.saga_logs($1::uuid[]) AS l`),
		list: in(`SELECT ` + columns + ` FROM $schema.saga_record r`),
	}
}

// leaseEnded says whether the lease of a record r has ended. It is one that is evaluated again, for the owner of then, if the
// record has changed before it could be locked.
const leaseEnded = `r.lease_end <= now() AND COALESCE((SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = r.owner), '-infinity') <= now()`

// claimIDsText claims for $1, until $2 from now, at most $3 of the IDs $8, and as many as have $4 bytes, that are free in the queue $5, or that nobody owns if $6, without
// the IDs $7. If none is, nothing is written, not even to the WAL.
var claimIDsText = `
	WITH unowned AS MATERIALIZED (
		SELECT r.id FROM $schema.saga_record r
		WHERE r.id = ANY ($8::uuid[]) AND r.id <> ALL ($7::uuid[]) AND r.queue = $5::text AND ` + isOpen + ` AND r.owner <> $1::text
			AND (r.owner = '' OR NOT $6::boolean AND ` + leaseEnded + `)
		ORDER BY r.id::text COLLATE "C" LIMIT $3::bigint
		FOR NO KEY UPDATE SKIP LOCKED
	), free AS MATERIALIZED (
		SELECT id FROM (
			SELECT r.id, sum(COALESCE(octet_length(COALESCE(c.dag, d.dag)), 0) + COALESCE(octet_length(c.params), 0))
				OVER (ORDER BY r.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
			FROM unowned r JOIN ` + joinCreation + `) AS summed
		WHERE COALESCE(before, 0) < $4::bigint
	), claimed AS (
		UPDATE $schema.saga_record r SET owner = $1::text, generation = r.generation + 1, called = false,
			lease_end = ` + leaseEnd("$2::bigint") + `
		FROM free WHERE r.id = free.id
		RETURNING ` + columns + `, ` + ensureDurable + `
	)
	SELECT ` + columns + `, ` + creation + ` FROM claimed r JOIN ` + joinCreation

// releaseText gives up the saga $1, if it has the generation $2, notifies the channel $3, and returns what became of it, as the functions that write
// do. It passes over a row in use, as they do: the call is tried again.
const releaseText = `
	WITH locked AS MATERIALIZED (
		SELECT r.id, r.generation, r.state FROM $schema.saga_record r WHERE r.id = $1::uuid
		FOR NO KEY UPDATE SKIP LOCKED
	), released AS (
		UPDATE $schema.saga_record r SET owner = '', generation = r.generation + 1, called = false, lease_end = '-infinity'
		FROM locked WHERE r.id = locked.id AND r.generation = $2::bigint AND ` + isOpen + `
		RETURNING r.id
	)
	SELECT CASE
		WHEN EXISTS (SELECT FROM released) THEN length(pg_notify($3::text, '')::text)
		WHEN NOT EXISTS (SELECT FROM locked) THEN CASE WHEN EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = $1::uuid) THEN 5 ELSE 2 END
		WHEN (SELECT generation FROM locked) <> $2::bigint THEN 3
		WHEN (SELECT state FROM locked) >= 5 THEN 0
		ELSE 5 END
	WHERE ` + ensureDurable + ` <> ''`

// deleteText deletes those of the sagas $1 that are final, and returns a row for each, as the functions that write do. The statement
// doesn't see the events of an append that was committed after it had begun and before it has locked the record. Then the
// record that it sees and the one that it has locked count different events, and the delete is tried again. The rows of the log are found by index
// and removed by place, as the planner would take their number for so many that it would rather read the table whole.
const deleteText = `
	WITH locked AS MATERIALIZED (
		SELECT r.id, r.state, r.next_seq FROM $schema.saga_record r WHERE r.id = ANY ($1::uuid[])
		FOR UPDATE SKIP LOCKED
	), gone AS MATERIALIZED (
		SELECT r.id FROM locked JOIN $schema.saga_record r ON r.id = locked.id
		WHERE locked.state >= 5 AND locked.next_seq = r.next_seq
	), logs AS (
		DELETE FROM $schema.saga_log WHERE ctid = ANY (ARRAY (
			SELECT l.ctid FROM gone CROSS JOIN LATERAL (
				SELECT l.ctid FROM $schema.saga_log l WHERE l.saga = gone.id OFFSET 0) AS l))
	), creations AS (
		DELETE FROM $schema.saga_creation c USING gone WHERE c.saga = gone.id
	), records AS (
		DELETE FROM $schema.saga_record r USING gone WHERE r.id = gone.id
	)
	SELECT asked.id, CASE
		WHEN gone.id IS NOT NULL THEN 0
		WHEN locked.id IS NULL AND NOT EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = asked.id) THEN 2
		WHEN locked.state < 5 THEN 6
		ELSE 5 END
	FROM unnest($1::uuid[]) AS asked(id) LEFT JOIN locked ON locked.id = asked.id LEFT JOIN gone ON gone.id = asked.id
	WHERE ` + ensureDurable + ` <> ''`

// appendParameters is how many parameters appendCall has.
const appendParameters = 7

// appendCall and createCall return the statements that write a batch, with parameters from that number on; see the migration for the functions.
func appendCall(from int) string {
	return call("saga_append", from, "uuid", "bigint", "smallint", "boolean", "bigint", "integer", "bytea")
}

func createCall(from int) string {
	return call("saga_create", from, "uuid", "text", "smallint", "text", "text", "bigint", "bytea", "bytea", "bytea", "integer", "bytea")
}

// call returns the statement that calls a function with arrays of these types.
func call(function string, from int, types ...string) string {
	arrays := make([]string, len(types))
	for i, t := range types {
		arrays[i] = fmt.Sprintf("$%d::%s[]", from+i, t)
	}
	return "SELECT w.written, w.outcome FROM $schema." + function + "(" + strings.Join(arrays, ", ") + ") AS w WHERE " + ensureDurable + " <> ''"
}

// callOne returns the statement that calls a function for one saga. It is short, as the server reads and plans it anew each time; so the
// function must be the only one of its name, and take any type that the driver may send.
func callOne(function string, parameters int) string {
	list := make([]string, parameters)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", i+1)
	}
	return "SELECT $schema." + function + "(" + strings.Join(list, ", ") + ")"
}
