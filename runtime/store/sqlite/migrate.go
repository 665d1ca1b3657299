package sqlite

import (
	"embed"
	"fmt"
	"io/fs"
	"time"
)

// migrations has one file for each version of the schema, numbered from 1. A
// file never changes after its release.
//
//go:embed migrations/*.sql
var migrations embed.FS

// prepareTables migrates the schema and deletes expired leases. An expired
// lease has no effect, and most belong to owners that no longer run.
func prepareTables(tx *transaction) error {
	if err := migrate(tx); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM saga_lease WHERE lease_end <= ?1", time.Now().UnixMicro())
	return err
}

// migrate migrates the schema to the newest version. It returns an error if the
// schema has a newer version than this package knows. It always writes, so that
// Open fails for a database that can't be written to.
func migrate(tx *transaction) error {
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`
		CREATE TABLE IF NOT EXISTS saga_schema (
			only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
			version  INTEGER NOT NULL
		) STRICT`); err != nil {
		return err
	}
	var version int
	if err := tx.QueryRow(`
		INSERT INTO saga_schema (only_row, version) VALUES (1, 0)
		ON CONFLICT DO UPDATE SET version = version RETURNING version`).Scan(&version); err != nil {
		return err
	}
	if version > len(files) {
		return fmt.Errorf("the schema has version %d, and this program knows versions up to %d: "+
			"use a newer version of the program", version, len(files))
	}
	for i, file := range files[version:] {
		text, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(string(text)); err != nil {
			return fmt.Errorf("migrating the schema to version %d: %w", version+i+1, err)
		}
	}
	_, err = tx.Exec("UPDATE saga_schema SET version = ?1 WHERE version <> ?1", len(files))
	return err
}
