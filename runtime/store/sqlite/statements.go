package sqlite

import (
	"context"
	"database/sql"
)

// columns are those of a record, in the order that scanRecords wants.
const columns = "id, name, state, owner, generation, next_seq, created, updated"

// isOpen selects what is not final, in words that let SQLite use the index saga_record_open.
const isOpen = "state <> 5 AND state < 5"

const claimText = `
	UPDATE saga_record SET owner = ?1, generation = generation + 1, lease_end = ?2
	WHERE id IN (
		SELECT id FROM saga_record
		WHERE ` + isOpen + ` AND owner <> ?1 AND lease_end <= ?3
			AND (?4 IS NULL OR id IN (SELECT unhex(value) FROM json_each(?4)))
		ORDER BY id LIMIT ?5)
	RETURNING ` + columns + `, (SELECT dag FROM saga_dag WHERE saga = id)`

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
	claimSagas
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
		INSERT INTO saga_record (id, name, state, owner, generation, next_seq, lease_end, created, updated)
		VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?7)
		ON CONFLICT DO NOTHING`,
	createDAG:   `INSERT INTO saga_dag (saga, dag) VALUES (?1, ?2)`,
	insertEvent: `INSERT INTO saga_event (saga, seq, node, kind, at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,

	// Fencing: who is the owner and which event is next are asked in the statement that takes the numbers.
	advance: `
		UPDATE saga_record SET next_seq = next_seq + ?4, updated = ?5
		WHERE id = ?1 AND generation = ?2 AND next_seq = ?3 AND state = ?6`,
	advanceState: `
		UPDATE saga_record SET next_seq = next_seq + ?4, updated = ?5, state = ?6
		WHERE id = ?1 AND generation = ?2 AND next_seq = ?3`,
	readGeneration: `SELECT generation FROM saga_record WHERE id = ?1`,

	claimSagas:  claimText,
	renewLeases: renewText,

	deleteRecord: `DELETE FROM saga_record WHERE id = ?1 AND state IN (5, 6)`,
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
