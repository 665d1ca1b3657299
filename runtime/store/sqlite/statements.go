package sqlite

import (
	"context"
	"database/sql"
)

// columns are those of a record, in the order that scanRecords wants.
const columns = "id, name, state, queue, owner, generation, called, next_seq, created, updated"

// isOpen selects what is not final, in words that let SQLite use the index saga_record_open.
const isOpen = "state <> 5 AND state < 5"

// freeText selects what a claimant ?1 may have now, which is ?2, of a queue ?3. What is free at once, which may be
// much, and what is free as its lease has ended since are two ranges of the index saga_record_free. So the first one is read in
// the order of the IDs, and no further than the limit.
const (
	freeText = freeRange + " AND lease_end = 0 UNION ALL " + freeRange + " AND lease_end > 0 AND lease_end <= ?2"

	freeRange = "SELECT id FROM saga_record INDEXED BY saga_record_free WHERE state < 5 AND queue = ?3 AND owner <> ?1"
)

// freeIDsText selects the same, of those whose IDs are in a JSON array. The plus signs keep it from reading all that is free.
func freeIDsText(array string) string {
	return `
		SELECT id FROM saga_record
		WHERE id IN (SELECT unhex(value) FROM json_each(` + array + `))
			AND state < 5 AND +queue = ?3 AND owner <> ?1 AND +lease_end <= ?2`
}

// lookText asks whether there is any.
func lookText(free string) string { return "SELECT EXISTS (" + free + ")" }

// claimText claims the first ones, at most ?5, until ?4.
func claimText(free string) string {
	return `
		UPDATE saga_record SET owner = ?1, generation = generation + 1, called = 0, lease_end = ?4
		WHERE id IN (` + free + ` ORDER BY id LIMIT ?5)
		RETURNING ` + columns + `, (SELECT dag FROM saga_dag WHERE saga = id)`
}

const renewText = `UPDATE saga_record SET lease_end = ?2 WHERE owner = ?1 AND ` + isOpen

// statement is one of those that are prepared.
type statement int

const (
	createRecord statement = iota
	createDAG
	insertEvent
	advance
	advanceState
	readGeneration
	lookFree
	lookFreeIDs
	claimFree
	claimFreeIDs
	renewLeases
	deleteRecord
	deleteDAG
	deleteEvents
	loadRecord
	loadEvents
	statementCount
)

var texts = [statementCount]string{
	createRecord: `
		INSERT INTO saga_record (id, name, state, queue, owner, generation, called, next_seq, lease_end, created, updated)
		VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, ?6, ?7, ?8, ?8)
		ON CONFLICT DO NOTHING`,
	createDAG:   `INSERT INTO saga_dag (saga, dag) VALUES (?1, ?2)`,
	insertEvent: `INSERT INTO saga_event (saga, seq, node, kind, at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,

	// Fencing: who is the owner and which event is next are asked in the statement that takes the numbers.
	advance: `
		UPDATE saga_record SET next_seq = next_seq + ?4, updated = ?5
		WHERE id = ?1 AND generation = ?2 AND next_seq = ?3 AND state = ?6 AND called = ?7`,
	advanceState: `
		UPDATE saga_record SET next_seq = next_seq + ?4, updated = ?5, state = ?6, called = ?7
		WHERE id = ?1 AND generation = ?2 AND next_seq = ?3 AND (?6 <> 1 OR state = 1)`,
	readGeneration: `SELECT generation FROM saga_record WHERE id = ?1`,

	lookFree:     lookText(freeText),
	lookFreeIDs:  lookText(freeIDsText("?4")),
	claimFree:    claimText(freeText),
	claimFreeIDs: claimText(freeIDsText("?6")),
	renewLeases:  renewText,

	deleteRecord: `DELETE FROM saga_record WHERE id = ?1 AND state >= 5`,
	deleteDAG:    `DELETE FROM saga_dag WHERE saga = ?1`,
	deleteEvents: `DELETE FROM saga_event WHERE saga = ?1`,

	loadRecord: `SELECT ` + columns + `, dag FROM saga_record JOIN saga_dag ON saga = id WHERE id = ?1`,
	loadEvents: `SELECT seq, node, kind, at, payload FROM saga_event WHERE saga = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3`,
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
