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

// statements are prepared once, and by database/sql again for each connection that uses them.
type statements struct {
	createRecord, createDAG, insertEvent  *sql.Stmt
	advance, advanceState, generation     *sql.Stmt
	claim, renew                          *sql.Stmt
	deleteRecord, deleteDAG, deleteEvents *sql.Stmt
	load, events                          *sql.Stmt
}

// prepare prepares those that aren't yet.
func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.createRecord, `
			INSERT INTO saga_record (id, name, state, owner, generation, next_seq, lease_end, created, updated)
			VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?7)
			ON CONFLICT DO NOTHING`},
		{&s.createDAG, `INSERT INTO saga_dag (saga, dag) VALUES (?1, ?2)`},
		{&s.insertEvent, `INSERT INTO saga_event (saga, seq, node, kind, at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`},

		// Fencing: who is the owner and which event is next are asked in the statement that takes the numbers.
		{&s.advance, `
			UPDATE saga_record SET next_seq = next_seq + ?4, updated = ?5
			WHERE id = ?1 AND generation = ?2 AND next_seq = ?3 AND state = ?6`},
		{&s.advanceState, `
			UPDATE saga_record SET next_seq = next_seq + ?4, updated = ?5, state = ?6
			WHERE id = ?1 AND generation = ?2 AND next_seq = ?3`},
		{&s.generation, `SELECT generation FROM saga_record WHERE id = ?1`},

		{&s.claim, claimText},
		{&s.renew, renewText},

		{&s.deleteRecord, `DELETE FROM saga_record WHERE id = ?1 AND state IN (5, 6)`},
		{&s.deleteDAG, `DELETE FROM saga_dag WHERE saga = ?1`},
		{&s.deleteEvents, `DELETE FROM saga_event WHERE saga = ?1`},

		{&s.load, `SELECT ` + columns + `, dag FROM saga_record JOIN saga_dag ON saga = id WHERE id = ?1`},
		{&s.events, `SELECT seq, node, kind, at, payload FROM saga_event WHERE saga = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3`},
	} {
		if *p.stmt != nil {
			continue // by the attempt before, which found the database locked later
		}
		stmt, err := db.PrepareContext(ctx, p.text)
		if err != nil {
			return err
		}
		*p.stmt = stmt
	}
	return nil
}
