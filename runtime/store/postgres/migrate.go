package postgres

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// migrations holds one file a version of the schema, numbered from 1. Each one ends with the version in
// saga_schema set to its number. A file that was released never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the SQL that makes the tables, one text a version of them, for those who would rather run it themselves than
// have Open do so: in order, each in one transaction, from the version behind the one in saga_schema on. The schema must be there. An empty name
// means the default.
func Migrations(schema string) []string {
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		panic(err) // the pattern is right
	}
	texts := make([]string, len(files))
	for i, file := range files {
		text, err := migrations.ReadFile(file)
		if err != nil {
			panic(err) // it was listed
		}
		schema := cmp.Or(schema, defaultSchema)
		texts[i] = strings.NewReplacer("$schema", quote(schema), "$channel", channel(schema)).Replace(string(text))
	}
	return texts
}

// migrate brings the schema to the newest version, or returns an error if it is newer than that. Of several who do, one does it.
func (s *Store) migrate(ctx context.Context) error {
	texts := Migrations(s.config.Schema)
	version, err := s.schemaVersion(ctx, s.pool)
	if err != nil || version == len(texts) {
		return err
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
		// The lock ends with the transaction, so that it works behind a pooler.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1::bigint)", s.mode, lockKey(s.config.Schema)); err != nil {
			return err
		}
		version, err := s.schemaVersion(ctx, tx) // another one may have been first
		if err != nil || version == len(texts) {
			return err
		}
		if version == 0 {
			if err := s.createSchema(ctx, tx); err != nil {
				return err
			}
		}
		for i, text := range texts[version:] {
			if _, err := tx.Exec(ctx, text); err != nil {
				return fmt.Errorf("migrating the schema to version %d: %w", version+i+1, err)
			}
		}
		return nil
	})
	if failure := new(pgconn.PgError); errors.As(err, &failure) && failure.Code == "42501" { // insufficient_privilege
		return fmt.Errorf("%w: grant it, or have what Migrations returns run by a role that may", err)
	}
	return err
}

// schemaVersion returns the version of the tables, 0 if there are none, or an error if it is unknown here.
func (s *Store) schemaVersion(ctx context.Context, db querier) (version int, err error) {
	// Not to_regclass: what that knows may be from before the lock was waited for.
	var there bool
	err = db.QueryRow(ctx, `SELECT EXISTS (
		SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1::text AND c.relname = 'saga_schema')`, s.mode, s.config.Schema).Scan(&there)
	if err != nil || !there {
		return 0, err
	}
	if err := db.QueryRow(ctx, "SELECT version FROM "+quote(s.config.Schema)+".saga_schema", s.mode).Scan(&version); err != nil {
		return 0, err
	}
	if known := len(Migrations(s.config.Schema)); version > known {
		return 0, fmt.Errorf("its schema %q has version %d, and this program knows versions up to %d: it needs a newer version of the program",
			s.config.Schema, version, known)
	}
	return version, nil
}

// createSchema creates the schema unless it is there. IF NOT EXISTS would ask for the right to create one even then.
func (s *Store) createSchema(ctx context.Context, tx pgx.Tx) error {
	var there bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1::text)", s.mode, s.config.Schema).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = tx.Exec(ctx, "CREATE SCHEMA "+quote(s.config.Schema))
	return err
}

// querier is a pool, a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

// lockKey returns the number of the advisory lock of migrations of that schema.
func lockKey(schema string) int64 { return int64(schemaHash(schema)) }

// channel returns the name of the channel on which writers of that schema notify those who watch. It needs no quotes.
func channel(schema string) string { return fmt.Sprintf("saga_%016x", schemaHash(schema)) }

func schemaHash(schema string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("github.com/sagagen/sagagen\x00" + schema)) // never fails
	return hash.Sum64()
}
