package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
)

// columns are those of a record, in the order that scanRecords wants.
const columns = "id, name, state, queue, owner, generation, called, " + nextSeq + ", created, " + updated

// nextSeq and updated are what the record says, or where that may leave appends out, the last row of the log. A final saga's
// record leaves out none.
const (
	nextSeq = "CASE WHEN state >= 5 THEN next_seq ELSE ifnull((SELECT l.seq + l.count " + lastRow + "), next_seq) END"
	updated = "CASE WHEN state >= 5 THEN updated ELSE ifnull((SELECT max(l.appended, updated) " + lastRow + "), updated) END"

	lastRow = "FROM saga_log AS l WHERE l.saga = id ORDER BY l.seq DESC LIMIT 1"
)

// isNext says whether an append of generation ?2, whose first event has number ?3, to the state ?4, is the next one of ?1.
const isNext = "id = ?1 AND generation = ?2 AND (?4 <> 1 OR state = 1) AND ?3 = " + nextSeq

// dagAndParams follow the columns of a record where they are wanted.
const dagAndParams = `,
	(SELECT d.dag FROM saga_dag AS d WHERE d.number = saga_record.dag), params`

// isFree selects, of the rows of saga_record, what may be claimed at ?2: what has no lease, or one that has ended.
var isFree = "lease_end <= ?2 AND " + renewedUntil("saga_record.owner") + " <= ?2"

// renewedUntil is until when an owner has renewed its leases.
func renewedUntil(owner string) string {
	return "ifnull((SELECT lease.lease_end FROM saga_lease AS lease WHERE lease.owner = " + owner + "), 0)"
}

// isNot leaves out those whose IDs are in a JSON array. SQLite reads that when it comes to the first row.
func isNot(except string) string {
	return " AND id NOT IN (SELECT unhex(value) FROM json_each(" + except + "))"
}

// lapsed is the owners of open sagas of a queue ?3 that aren't the claimant ?1, and haven't renewed their leases beyond ?2. It goes from one
// to the next in the index, as what an owner has may be much.
var lapsed = `
	WITH RECURSIVE every (owner) AS (
		SELECT (SELECT min(owner) ` + openInQueue + `)
		UNION ALL
		SELECT (SELECT min(owner) ` + openInQueue + ` AND owner > every.owner) FROM every WHERE owner IS NOT NULL
	), lapsed AS (
		SELECT owner FROM every WHERE owner IS NOT NULL AND owner <> ?1 AND ` + renewedUntil("every.owner") + ` <= ?2
	)`

// queues is those that have open sagas. It goes from one to the next in the index.
const queues = `
	WITH RECURSIVE queues (queue) AS (
		SELECT (SELECT min(queue) ` + open + `)
		UNION ALL
		SELECT (SELECT min(queue) ` + open + ` AND queue > queues.queue) FROM queues WHERE queue IS NOT NULL
	)`

// open is all that isn't final, and openInQueue what of that is in the queue ?3.
const (
	open        = "FROM saga_record INDEXED BY saga_record_free WHERE state < 5"
	openInQueue = open + " AND queue = ?3"
)

// unowned is all that nobody owns of a queue ?3, without those whose IDs are in a JSON array.
func unowned(except string) string { return freeOf("''", except) }

// freeOf is what has no lease of its own of an owner's in a queue ?3, without those whose IDs are in a JSON array: of each state that isn't final, so that the ranges of
// the index are in the order of the IDs.
func freeOf(owner, except string) string {
	var ranges []string
	for state := saga.StateCreated; !state.Final(); state++ {
		ranges = append(ranges, fmt.Sprintf("SELECT id %s AND owner = %s AND state = %d AND lease_end <= ?2%s", openInQueue, owner, state, isNot(except)))
	}
	return strings.Join(ranges, " UNION ALL ")
}

// freeIDs is what is free of those whose IDs are in a JSON array, and has no owner if that is asked for, without those in another array. The plus
// signs keep it from reading all that is free.
func freeIDs(except, array, unowned string) string {
	return `
		SELECT id FROM saga_record
		WHERE id IN (SELECT unhex(value) FROM json_each(` + array + `))
			AND state < 5 AND +queue = ?3 AND owner <> ?1 AND (NOT ` + unowned + ` OR +owner = '') AND ` + isFree + isNot(except)
}

// within is the first of these IDs, as many as it takes for the DAGs and the parameters of their sagas to have ?6 bytes.
func within(ids string) string {
	return `
		SELECT id FROM (
			SELECT id, sum(size) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
			FROM (
				SELECT id, (SELECT length(d.dag) + ifnull(length(r.params), 0) FROM saga_record AS r, saga_dag AS d WHERE r.id = wanted.id AND d.number = r.dag) AS size
				FROM (` + ids + `) AS wanted))
		WHERE ifnull(before, 0) < ?6`
}

// claim claims until ?4 the sagas with these IDs, whose order and number ?5 limits, within ?6 bytes.
func claim(ids string) string {
	return `
		UPDATE saga_record SET owner = ?1, generation = generation + 1, called = 0, lease_end = ?4
		WHERE id IN (` + within(ids) + `)
		RETURNING ` + columns + dagAndParams
}

// statement is one of those that are prepared.
type statement int

const (
	createDAG statement = iota
	createRecord
	appendLog
	finish
	unfinish
	advance
	appendEvents
	readGeneration
	lookUnowned
	lookFree
	lookFreeIDs
	claimUnowned
	claimFree
	claimFreeIDs
	beginLeases
	prolongLeases
	setLeases
	cutLeases
	release
	deleteRecord
	deleteLog
	deleteDAG
	loadRecord
	loadLog
	loadLogs
	statementCount
)

var texts = [statementCount]string{
	createDAG: `INSERT INTO saga_dag (digest, dag) VALUES (?1, ?2)`,
	// A record whose DAG isn't there is ignored too. An INSERT of what a SELECT returns would cost more: before each page is changed,
	// SQLite copies it, as another row might be refused later.
	createRecord: `
		INSERT OR IGNORE INTO saga_record (id, name, state, queue, owner, generation, called, next_seq, lease_end, created, updated, dag, params, first_count, first_events)
		VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, ?6, ?7, ?8, ?8, (SELECT number FROM saga_dag WHERE number = ?9 AND digest = ?10), ?11, ?6, ?12)`,

	// Fencing: who is the owner and which event is next are asked in the statement that takes the numbers. The common
	// append changes neither state nor called, and writes one row; a refused one has no number, and is ignored. An INSERT of what a SELECT
	// returns would cost more: it puts that into a temporary table first, as it reads from the table that it writes to.
	appendLog: `
		INSERT OR IGNORE INTO saga_log (saga, seq, count, appended, events)
		VALUES (?1, (
			SELECT ?3 FROM saga_record
			WHERE id = ?1 AND generation = ?2 AND state = ?4 AND state < 5 AND called = ?5
				AND ?3 = ifnull((SELECT seq + count FROM saga_log WHERE saga = ?1 ORDER BY seq DESC LIMIT 1), next_seq)
		), ?6, ?7, ?8)`,
	finish: `
		UPDATE saga_record SET next_seq = ?3 + ?6, updated = ?7, state = ?4, called = ?5, last_seq = ?3, last_count = ?6, last_events = ?8
		WHERE state < 5 AND ` + isNext,
	// A final saga has another append: what is in the record goes into the log.
	unfinish: `
		INSERT INTO saga_log (saga, seq, count, appended, events)
		SELECT id, last_seq, last_count, updated, last_events FROM saga_record WHERE last_seq IS NOT NULL AND ` + isNext,
	advance: `
		UPDATE saga_record SET next_seq = ?3 + ?6, updated = ?7, state = ?4, called = ?5, last_seq = NULL, last_count = NULL, last_events = NULL
		WHERE ` + isNext,
	appendEvents:   `INSERT INTO saga_log (saga, seq, count, appended, events) VALUES (?1, ?2, ?3, ?4, ?5)`,
	readGeneration: `SELECT generation FROM saga_record WHERE id = ?1`,

	lookUnowned: `SELECT EXISTS (` + unowned("?4") + `)`,
	lookFree:    lapsed + ` SELECT EXISTS (SELECT 1 FROM lapsed WHERE EXISTS (` + freeOf("lapsed.owner", "?4") + `))`,
	lookFreeIDs: `SELECT EXISTS (` + freeIDs("?4", "?5", "?6") + `)`,

	claimUnowned: claim(unowned("?7") + ` ORDER BY id LIMIT ?5`),
	claimFree: claim(lapsed + `
		SELECT unhex(found.value) AS id FROM lapsed, json_each((SELECT json_group_array(hex(id)) FROM (` + freeOf("lapsed.owner", "?7") + ` ORDER BY id LIMIT ?5))) AS found
		ORDER BY found.value LIMIT ?5`),
	claimFreeIDs: claim(freeIDs("?7", "?8", "?9") + ` ORDER BY id LIMIT ?5`),

	beginLeases:   `INSERT OR IGNORE INTO saga_lease (owner, lease_end) VALUES (?1, ?2)`,
	prolongLeases: `UPDATE saga_lease SET lease_end = ?2 WHERE owner = ?1 AND lease_end <= ?2`,
	setLeases:     `UPDATE saga_lease SET lease_end = ?2 WHERE owner = ?1`,
	// What has ended at ?3 isn't touched, which mostly is all.
	cutLeases: `
		UPDATE saga_record SET lease_end = ?2
		WHERE id IN (` + queues + ` SELECT r.id FROM queues CROSS JOIN saga_record AS r INDEXED BY saga_record_free
			WHERE r.state < 5 AND r.queue = queues.queue AND r.owner = ?1 AND r.lease_end > max(?2, ?3))`,

	release: `
		UPDATE saga_record SET owner = '', generation = generation + 1, called = 0, lease_end = 0
		WHERE id = ?1 AND generation = ?2 AND state < 5`,

	deleteRecord: `DELETE FROM saga_record WHERE id = ?1 AND state >= 5 RETURNING dag`,
	deleteLog:    `DELETE FROM saga_log WHERE saga = ?1`,
	deleteDAG:    `DELETE FROM saga_dag WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM saga_record WHERE dag = ?1)`,

	loadRecord: `SELECT ` + columns + dagAndParams + ` FROM saga_record WHERE id = ?1`,
	loadLog: `
		SELECT seq, count, events FROM saga_log
		WHERE saga = ?1 AND seq >= ifnull((SELECT max(seq) FROM saga_log WHERE saga = ?1 AND seq <= ?2), 0)
		UNION ALL SELECT 0, first_count, first_events FROM saga_record WHERE id = ?1 AND first_count > ?2
		UNION ALL SELECT last_seq, last_count, last_events FROM saga_record WHERE id = ?1 AND last_seq IS NOT NULL
		ORDER BY seq`,
	loadLogs: `
		SELECT wanted.key, seq, count, events FROM json_each(?1) AS wanted CROSS JOIN saga_log WHERE saga = unhex(wanted.value)
		UNION ALL
		SELECT wanted.key, 0, first_count, first_events FROM json_each(?1) AS wanted CROSS JOIN saga_record
		WHERE saga_record.id = unhex(wanted.value) AND first_count > 0
		UNION ALL
		SELECT wanted.key, last_seq, last_count, last_events FROM json_each(?1) AS wanted CROSS JOIN saga_record
		WHERE saga_record.id = unhex(wanted.value) AND last_seq IS NOT NULL
		ORDER BY 1, seq`,
}

// statements are prepared once, and by database/sql again for each connection that uses them.
type statements [statementCount]*sql.Stmt

// prepare prepares those that aren't yet.
func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	for i, text := range texts {
		if s[i] != nil {
			continue // by the attempt before, which found the database locked later
		}
		stmt, err := db.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		s[i] = stmt
	}
	return nil
}
