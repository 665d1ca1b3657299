package postgres

import (
	"fmt"
	"strings"
)

// columns are the columns of a record r, in the order of scanRecords.
const columns = "r.id, r.name, r.state, r.queue, r.owner, r.generation, r.notified, r.next_seq, r.created, r.updated"

// dagAndParams are the columns of a saga's DAG and parameters, from the tables
// that joinCreation joins to a record r.
const (
	dagAndParams = "COALESCE(c.dag, d.dag), c.params"
	joinCreation = `$schema.saga_creation c ON c.saga = r.id LEFT JOIN $schema.saga_dag d ON d.digest = c.dag_digest`
)

// isUnfinished is true of a record r that is not final. PostgreSQL uses the
// index saga_record_unfinished for a condition with this text.
const isUnfinished = "r.state < 5"

// leaseEnd is the end of a lease that begins now and lasts that many
// microseconds; -infinity for a lease that is expired at once.
func leaseEnd(microseconds string) string {
	return `CASE WHEN ` + microseconds + ` > 0
		THEN clock_timestamp() + ` + microseconds + ` * interval '1 microsecond' ELSE '-infinity' END`
}

// statements are the texts for one schema.
type statements struct {
	appends, creates, both string // the batch has appends, creates, or both
	appendOne, createOne   string
	claim, claimIDs, renew string
	release, delete        string
	load, exists           string
	list                   string
	events, logs           string
	insertDAG              string
	deleteExpiredLeases    string
	deleteUnusedDAGs       string
}

func newStatements(schema string) statements {
	in := strings.NewReplacer("$schema", schema).Replace
	return statements{
		appends:   in(appendCall(1)),
		creates:   in(createCall(1)),
		both:      in(appendCall(1) + ` UNION ALL ` + createCall(1+appendParameters)),
		appendOne: in(callOne("saga_append_one", 7)),
		createOne: in(callOne("saga_create_one", 11)),

		claim: in(`
			SELECT ` + columns + `, r.dag, r.params
			FROM $schema.saga_claim(
				$1::text, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::boolean, $7::uuid[]) AS r
			WHERE ` + ensureDurable + ` <> ''`),
		claimIDs: in(claimIDsText),
		renew:    in(`SELECT $schema.saga_renew($1::text, $2::bigint) WHERE ` + ensureDurable + ` <> ''`),
		// It needn't be durable by itself: if a crash loses this commit, it
		// also loses the later commits of the sagas that use the DAG.
		insertDAG: in(`
			INSERT INTO $schema.saga_dag (digest, dag) VALUES ($1::bytea, $2::bytea) ON CONFLICT (digest) DO NOTHING`),
		// Each start of a program has a new owner, and an expired lease has no
		// effect.
		deleteExpiredLeases: in(`DELETE FROM $schema.saga_lease WHERE lease_end <= now()`),
		deleteUnusedDAGs:    in(`SELECT $schema.saga_delete_unused_dags()`),

		release: in(releaseText),
		delete:  in(deleteText),

		load: in(`
			SELECT ` + columns + `, ` + dagAndParams + `
			FROM $schema.saga_record r JOIN ` + joinCreation + ` WHERE r.id = $1::uuid`),
		exists: in(`SELECT EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = $1::uuid)`),
		// From the row on that has the first wanted event. The numbers have no
		// gaps.
		events: in(`
			SELECT 0::bigint AS seq, c.count, c.events FROM $schema.saga_creation c
			WHERE c.saga = $1::uuid AND c.count > $2::bigint
			UNION ALL
			SELECT l.seq, l.count, l.events FROM $schema.saga_log l
			WHERE l.saga = $1::uuid AND l.seq < $3::bigint AND l.seq >= COALESCE(
				(
					SELECT first.seq FROM $schema.saga_log first WHERE first.saga = $1::uuid AND first.seq <= $2::bigint
					ORDER BY first.seq DESC LIMIT 1
				), 0)
			ORDER BY seq`),
		logs: in(`SELECT l.ordinal, l.seq, l.count, l.events FROM $schema.saga_logs($1::uuid[]) AS l`),
		list: in(`SELECT ` + columns + ` FROM $schema.saga_record r`),
	}
}

// leaseExpired is true of a record r whose lease has expired. If the record has
// changed before the statement locks it, PostgreSQL evaluates the condition
// again, with the new owner.
const leaseExpired = `r.lease_end <= now() AND COALESCE(
	(SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = r.owner), '-infinity') <= now()`

// claimIDsText claims sagas of the IDs $8 for the claimant $1, with a lease of
// $2 microseconds: claimable sagas of the queue $5, only unowned ones if $6 is
// set, none of the IDs $7, at most $3, and no more than it takes for their DAGs
// and parameters to have $4 bytes. If there is nothing to claim, it writes
// nothing, not even to the WAL.
var claimIDsText = `
	WITH claimable AS MATERIALIZED (
		SELECT r.id FROM $schema.saga_record r
		WHERE r.id = ANY ($8::uuid[]) AND r.id <> ALL ($7::uuid[]) AND r.queue = $5::text
			AND ` + isUnfinished + ` AND r.owner <> $1::text
			AND (r.owner = '' OR NOT $6::boolean AND ` + leaseExpired + `)
		ORDER BY r.id::text COLLATE "C" LIMIT $3::bigint
		FOR NO KEY UPDATE SKIP LOCKED
	), selected AS MATERIALIZED (
		SELECT id FROM (
			SELECT r.id, sum(COALESCE(octet_length(COALESCE(c.dag, d.dag)), 0) + COALESCE(octet_length(c.params), 0))
				OVER (ORDER BY r.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
			FROM claimable r JOIN ` + joinCreation + `) AS summed
		WHERE COALESCE(before, 0) < $4::bigint
	), claimed AS (
		UPDATE $schema.saga_record r SET owner = $1::text, generation = r.generation + 1, notified = false,
			lease_end = ` + leaseEnd("$2::bigint") + `
		FROM selected WHERE r.id = selected.id
		RETURNING ` + columns + `, ` + ensureDurable + `
	)
	SELECT ` + columns + `, ` + dagAndParams + ` FROM claimed r JOIN ` + joinCreation

// releaseText releases the saga $1 if it has the generation $2, notifies the
// channel $3, and returns the outcome, as the functions that write do. Like
// them, it skips a locked record, and Release retries.
const releaseText = `
	WITH locked AS MATERIALIZED (
		SELECT r.id, r.generation, r.state FROM $schema.saga_record r WHERE r.id = $1::uuid
		FOR NO KEY UPDATE SKIP LOCKED
	), released AS (
		UPDATE $schema.saga_record r
		SET owner = '', generation = r.generation + 1, notified = false, lease_end = '-infinity'
		FROM locked WHERE r.id = locked.id AND r.generation = $2::bigint AND ` + isUnfinished + `
		RETURNING r.id
	)
	SELECT CASE
		WHEN EXISTS (SELECT FROM released) THEN length(pg_notify($3::text, '')::text)
		WHEN NOT EXISTS (SELECT FROM locked) THEN
			CASE WHEN EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = $1::uuid) THEN 5 ELSE 2 END
		WHEN (SELECT generation FROM locked) <> $2::bigint THEN 3
		WHEN (SELECT state FROM locked) >= 5 THEN 0
		ELSE 5 END
	WHERE ` + ensureDurable + ` <> ''`

// deleteText deletes those of the sagas $1 that are final, and returns a row
// with the outcome of each, as the functions that write do.
//
// If an append commits after the statement has begun and before it locks the
// record, the statement doesn't see the events of the append. Then the record
// that it sees and the one that it has locked have different numbers of events,
// and Delete retries.
//
// The rows of the log are found by index and deleted by ctid. The planner
// estimates so many of them that it would read the whole table otherwise.
const deleteText = `
	WITH locked AS MATERIALIZED (
		SELECT r.id, r.state, r.next_seq FROM $schema.saga_record r WHERE r.id = ANY ($1::uuid[])
		FOR UPDATE SKIP LOCKED
	), deletable AS MATERIALIZED (
		SELECT r.id FROM locked JOIN $schema.saga_record r ON r.id = locked.id
		WHERE locked.state >= 5 AND locked.next_seq = r.next_seq
	), logs AS (
		DELETE FROM $schema.saga_log WHERE ctid = ANY (ARRAY (
			SELECT l.ctid FROM deletable CROSS JOIN LATERAL (
				SELECT l.ctid FROM $schema.saga_log l WHERE l.saga = deletable.id OFFSET 0) AS l))
	), creations AS (
		DELETE FROM $schema.saga_creation c USING deletable WHERE c.saga = deletable.id
	), records AS (
		DELETE FROM $schema.saga_record r USING deletable WHERE r.id = deletable.id
	)
	SELECT wanted.id, CASE
		WHEN deletable.id IS NOT NULL THEN 0
		WHEN locked.id IS NULL AND NOT EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = wanted.id) THEN 2
		WHEN locked.state < 5 THEN 6
		ELSE 5 END
	FROM unnest($1::uuid[]) AS wanted(id)
		LEFT JOIN locked ON locked.id = wanted.id LEFT JOIN deletable ON deletable.id = wanted.id
	WHERE ` + ensureDurable + ` <> ''`

// appendParameters is the number of parameters of appendCall.
const appendParameters = 7

// appendCall and createCall return the statements that write a batch, with
// parameters from number from on. The functions are in the migrations.
func appendCall(from int) string {
	return call("saga_append", from, "uuid", "bigint", "smallint", "boolean", "bigint", "integer", "bytea")
}

func createCall(from int) string {
	return call("saga_create", from,
		"uuid", "text", "smallint", "text", "text", "bigint", "bytea", "bytea", "bytea", "integer", "bytea")
}

// call returns the statement that calls a function with arrays of these types.
func call(function string, from int, types ...string) string {
	arrays := make([]string, len(types))
	for i, t := range types {
		arrays[i] = fmt.Sprintf("$%d::%s[]", from+i, t)
	}
	return "SELECT w.saga_id, w.outcome FROM $schema." + function + "(" + strings.Join(arrays, ", ") + ") AS w" +
		" WHERE " + ensureDurable + " <> ''"
}

// callOne returns the statement that calls a function for one saga. It is short
// and has no casts, since the server may parse and plan it for each call. So
// the function must be the only one of its name, and accept all types that the
// driver may send.
func callOne(function string, parameters int) string {
	list := make([]string, parameters)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", i+1)
	}
	return "SELECT $schema." + function + "(" + strings.Join(list, ", ") + ")"
}
