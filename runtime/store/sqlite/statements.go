package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
)

// columns are the columns of a record, in the order of scanRecords.
const columns = "id, name, state, queue, owner, generation, notified, " + nextSeq + ", created, " + updated

// nextSeq and updated are the values for readers. The record of a final saga
// has them; that of an unfinished one may lag behind the last row of the log.
const (
	nextSeq = "CASE WHEN state >= 5 THEN next_seq" +
		" ELSE ifnull((SELECT l.seq + l.count " + lastRow + "), next_seq) END"
	updated = "CASE WHEN state >= 5 THEN updated" +
		" ELSE ifnull((SELECT max(l.appended, updated) " + lastRow + "), updated) END"

	lastRow = "FROM saga_log AS l WHERE l.saga = id ORDER BY l.seq DESC LIMIT 1"
)

// isNext is true of the record ?1 if an append of the generation ?2, whose
// first event has the number ?3, to the state ?4 is the next one.
const isNext = "id = ?1 AND generation = ?2 AND (?4 <> 1 OR state = 1) AND ?3 = " + nextSeq

// dagAndParams follow the columns of a record in claims and loads.
const dagAndParams = `,
	(SELECT d.dag FROM saga_dag AS d WHERE d.id = saga_record.dag), params`

// isClaimable is true of a record of saga_record whose lease has expired at ?2:
// its own, and its owner's.
var isClaimable = "lease_end <= ?2 AND " + ownerLeaseEnd("saga_record.owner") + " <= ?2"

// ownerLeaseEnd is the end of an owner's lease.
func ownerLeaseEnd(owner string) string {
	return "ifnull((SELECT lease.lease_end FROM saga_lease AS lease WHERE lease.owner = " + owner + "), 0)"
}

// exceptIDs leaves out the IDs of a JSON array. SQLite reads the array at the
// first row.
func exceptIDs(array string) string {
	return " AND id NOT IN (SELECT unhex(value) FROM json_each(" + array + "))"
}

// expiredOwners selects, as the table expired, the owners of unfinished sagas
// of the queue ?3 whose own leases have expired at ?2, without the claimant ?1.
// It goes from owner to owner in the index, since an owner may have many sagas.
var expiredOwners = `
	WITH RECURSIVE owners (owner) AS (
		SELECT (SELECT min(owner) ` + unfinishedInQueue + `)
		UNION ALL
		SELECT (SELECT min(owner) ` + unfinishedInQueue + ` AND owner > owners.owner)
		FROM owners WHERE owner IS NOT NULL
	), expired AS (
		SELECT owner FROM owners WHERE owner IS NOT NULL AND owner <> ?1 AND ` + ownerLeaseEnd("owners.owner") + ` <= ?2
	)`

// queues selects, as the table queues, the queues of unfinished sagas. It goes
// from queue to queue in the index.
const queues = `
	WITH RECURSIVE queues (queue) AS (
		SELECT (SELECT min(queue) ` + unfinished + `)
		UNION ALL
		SELECT (SELECT min(queue) ` + unfinished + ` AND queue > queues.queue) FROM queues WHERE queue IS NOT NULL
	)`

// unfinished are the sagas that are not final, and unfinishedInQueue those in
// the queue ?3.
const (
	unfinished        = "FROM saga_record INDEXED BY saga_record_unfinished WHERE state < 5"
	unfinishedInQueue = unfinished + " AND queue = ?3"
)

// unownedIDs selects the unowned sagas of the queue ?3, except those whose IDs
// are in a JSON array.
func unownedIDs(except string) string { return ownerClaimableIDs("''", except) }

// ownerClaimableIDs selects the sagas of an owner in the queue ?3 whose own
// leases have expired, except those whose IDs are in a JSON array. It selects
// the sagas of each state that is not final, since these ranges of the index
// are in the order of the IDs.
func ownerClaimableIDs(owner, except string) string {
	var ranges []string
	for state := saga.StateCreated; !state.Final(); state++ {
		ranges = append(ranges, fmt.Sprintf("SELECT id %s AND owner = %s AND state = %d AND lease_end <= ?2%s",
			unfinishedInQueue, owner, state, exceptIDs(except)))
	}
	return strings.Join(ranges, " UNION ALL ")
}

// claimableIDs selects the claimable sagas of those whose IDs are in a JSON
// array, only the unowned ones if that is set, except those whose IDs are in
// another array. The plus signs keep SQLite from reading all claimable sagas
// instead.
func claimableIDs(except, array, unownedOnly string) string {
	return `
		SELECT id FROM saga_record
		WHERE id IN (SELECT unhex(value) FROM json_each(` + array + `))
			AND state < 5 AND +queue = ?3 AND owner <> ?1 AND (NOT ` + unownedOnly + ` OR +owner = '')
			AND ` + isClaimable + exceptIDs(except)
}

// withinBytes selects the first of these IDs: as many as it takes for the DAGs
// and parameters of their sagas to have ?6 bytes.
func withinBytes(ids string) string {
	return `
		SELECT id FROM (
			SELECT id, sum(size) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
			FROM (
				SELECT id, (
					SELECT length(d.dag) + ifnull(length(r.params), 0)
					FROM saga_record AS r, saga_dag AS d WHERE r.id = wanted.id AND d.id = r.dag
				) AS size
				FROM (` + ids + `) AS wanted))
		WHERE ifnull(before, 0) < ?6`
}

// claimText is the statement that claims the sagas with these IDs for ?1 until
// ?4, within ?6 bytes. The text of the IDs has their order, and the limit ?5.
func claimText(ids string) string {
	return `
		UPDATE saga_record SET owner = ?1, generation = generation + 1, notified = 0, lease_end = ?4
		WHERE id IN (` + withinBytes(ids) + `)
		RETURNING ` + columns + dagAndParams
}

// statement is the index of a prepared statement.
type statement int

const (
	insertDAG statement = iota
	insertRecord
	appendToLog
	appendFinal
	moveFinalEvents
	updateRecord
	insertEvents
	loadGeneration
	existsUnowned
	existsClaimable
	existsClaimableID
	claimUnowned
	claimAny
	claimIDs
	insertLease
	extendLease
	setLease
	shortenLeases
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
	insertDAG: `INSERT INTO saga_dag (digest, dag) VALUES (?1, ?2)`,
	// OR IGNORE also ignores a record whose DAG doesn't exist. An INSERT of the
	// result of a SELECT would cost more: SQLite copies each page before it
	// changes it, as a later row might be refused.
	insertRecord: `
		INSERT OR IGNORE INTO saga_record (
			id, name, state, queue, owner, generation, notified, next_seq, lease_end, created, updated,
			dag, params, first_count, first_events
		)
		VALUES (
			?1, ?2, ?3, ?4, ?5, 1, 0, ?6, ?7, ?8, ?8,
			(SELECT id FROM saga_dag WHERE id = ?9 AND digest = ?10), ?11, ?6, ?12
		)`,

	// The usual append, which changes neither state nor notified. It writes one
	// row. Fencing: the statement that takes the event numbers also checks the
	// generation and the number of the next event. If a check fails, seq is
	// NULL and the row is ignored. An INSERT of the result of a SELECT would
	// cost more: it first writes that to a temporary table, since it reads from
	// the table that it writes to.
	appendToLog: `
		INSERT OR IGNORE INTO saga_log (saga, seq, count, appended, events)
		VALUES (?1, (
			SELECT ?3 FROM saga_record
			WHERE id = ?1 AND generation = ?2 AND state = ?4 AND state < 5 AND notified = ?5
				AND ?3 = ifnull(
					(SELECT seq + count FROM saga_log WHERE saga = ?1 ORDER BY seq DESC LIMIT 1), next_seq)
		), ?6, ?7, ?8)`,
	// The append that makes a saga final.
	appendFinal: `
		UPDATE saga_record SET next_seq = ?3 + ?6, updated = ?7, state = ?4, notified = ?5,
			final_seq = ?3, final_count = ?6, final_events = ?8
		WHERE state < 5 AND ` + isNext,
	// All other appends are the next three statements. The first is for an
	// append to a final saga: it moves the events of the record to the log.
	moveFinalEvents: `
		INSERT INTO saga_log (saga, seq, count, appended, events)
		SELECT id, final_seq, final_count, updated, final_events FROM saga_record
		WHERE final_seq IS NOT NULL AND ` + isNext,
	updateRecord: `
		UPDATE saga_record SET next_seq = ?3 + ?6, updated = ?7, state = ?4, notified = ?5,
			final_seq = NULL, final_count = NULL, final_events = NULL
		WHERE ` + isNext,
	insertEvents:   `INSERT INTO saga_log (saga, seq, count, appended, events) VALUES (?1, ?2, ?3, ?4, ?5)`,
	loadGeneration: `SELECT generation FROM saga_record WHERE id = ?1`,

	existsUnowned: `SELECT EXISTS (` + unownedIDs("?4") + `)`,
	existsClaimable: expiredOwners + `
		SELECT EXISTS (SELECT 1 FROM expired WHERE EXISTS (` + ownerClaimableIDs("expired.owner", "?4") + `))`,
	existsClaimableID: `SELECT EXISTS (` + claimableIDs("?4", "?5", "?6") + `)`,

	claimUnowned: claimText(unownedIDs("?7") + ` ORDER BY id LIMIT ?5`),
	claimAny: claimText(expiredOwners + `
		SELECT unhex(found.value) AS id FROM expired, json_each((
			SELECT json_group_array(hex(id))
			FROM (` + ownerClaimableIDs("expired.owner", "?7") + ` ORDER BY id LIMIT ?5)
		)) AS found
		ORDER BY found.value LIMIT ?5`),
	claimIDs: claimText(claimableIDs("?7", "?8", "?9") + ` ORDER BY id LIMIT ?5`),

	insertLease: `INSERT OR IGNORE INTO saga_lease (owner, lease_end) VALUES (?1, ?2)`,
	extendLease: `UPDATE saga_lease SET lease_end = ?2 WHERE owner = ?1 AND lease_end <= ?2`,
	setLease:    `UPDATE saga_lease SET lease_end = ?2 WHERE owner = ?1`,
	// Leases that have expired at ?3, usually all, are left as they are.
	shortenLeases: `
		UPDATE saga_record SET lease_end = ?2
		WHERE id IN (` + queues + `
			SELECT r.id FROM queues CROSS JOIN saga_record AS r INDEXED BY saga_record_unfinished
			WHERE r.state < 5 AND r.queue = queues.queue AND r.owner = ?1 AND r.lease_end > max(?2, ?3))`,

	release: `
		UPDATE saga_record SET owner = '', generation = generation + 1, notified = 0, lease_end = 0
		WHERE id = ?1 AND generation = ?2 AND state < 5`,

	deleteRecord: `DELETE FROM saga_record WHERE id = ?1 AND state >= 5 RETURNING dag`,
	deleteLog:    `DELETE FROM saga_log WHERE saga = ?1`,
	deleteDAG:    `DELETE FROM saga_dag WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM saga_record WHERE dag = ?1)`,

	loadRecord: `SELECT ` + columns + dagAndParams + ` FROM saga_record WHERE id = ?1`,
	loadLog: `
		SELECT seq, count, events FROM saga_log
		WHERE saga = ?1 AND seq >= ifnull((SELECT max(seq) FROM saga_log WHERE saga = ?1 AND seq <= ?2), 0)
		UNION ALL SELECT 0, first_count, first_events FROM saga_record WHERE id = ?1 AND first_count > ?2
		UNION ALL SELECT final_seq, final_count, final_events FROM saga_record WHERE id = ?1 AND final_seq IS NOT NULL
		ORDER BY seq`,
	loadLogs: `
		SELECT wanted.key, seq, count, events FROM json_each(?1) AS wanted CROSS JOIN saga_log
		WHERE saga = unhex(wanted.value)
		UNION ALL
		SELECT wanted.key, 0, first_count, first_events
		FROM json_each(?1) AS wanted CROSS JOIN saga_record
		WHERE saga_record.id = unhex(wanted.value) AND first_count > 0
		UNION ALL
		SELECT wanted.key, final_seq, final_count, final_events
		FROM json_each(?1) AS wanted CROSS JOIN saga_record
		WHERE saga_record.id = unhex(wanted.value) AND final_seq IS NOT NULL
		ORDER BY 1, seq`,
}

// statements are the prepared statements. database/sql prepares them again for
// each connection that uses them.
type statements [statementCount]*sql.Stmt

// prepare prepares the statements that are not prepared yet.
func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	for i, text := range texts {
		if s[i] != nil {
			continue // prepared by an earlier call, which then found the database locked
		}
		stmt, err := db.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		s[i] = stmt
	}
	return nil
}
