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

// migrations has one file for each version of the schema, numbered from 1. Each
// ends with the version in saga_schema set to its number. A file never changes
// after its release.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the SQL texts that create and migrate the tables and
// functions of the store in a schema, one text for each version. An empty
// schema means the default of Config.Schema.
//
// Open runs the migrations itself. Migrations is for operators who run them
// with another role, for example because the role of the program may not create
// tables. The schema must exist. Run the texts in order, each in a transaction
// of its own. On an existing installation, skip as many texts as the version in
// the table saga_schema says.
func Migrations(schema string) []string {
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		panic(err) // the pattern is valid
	}
	texts := make([]string, len(files))
	for i, file := range files {
		text, err := migrations.ReadFile(file)
		if err != nil {
			panic(err) // Glob has returned the file
		}
		schema := cmp.Or(schema, defaultSchema)
		replacer := strings.NewReplacer("$schema", quote(schema), "$channel", channel(schema))
		texts[i] = replacer.Replace(string(text))
	}
	return texts
}

// migrate migrates the schema to the newest version. It returns an error if the
// schema has a newer version than this package knows. If several processes
// migrate at the same time, one does it and the others wait.
func (s *Store) migrate(ctx context.Context) error {
	texts := Migrations(s.config.Schema)
	version, err := s.schemaVersion(ctx, s.pool)
	if err != nil || version == len(texts) {
		return err
	}
	options := pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}
	err = pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		// The lock ends with the transaction, so it works behind a pooler.
		_, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1::bigint)", s.mode, lockKey(s.config.Schema))
		if err != nil {
			return err
		}
		version, err := s.schemaVersion(ctx, tx) // another process may have been first
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
	if pgErr := new(pgconn.PgError); errors.As(err, &pgErr) && pgErr.Code == "42501" { // insufficient_privilege
		return fmt.Errorf("%w: grant it, or run the texts of postgres.Migrations with a role that has it", err)
	}
	return err
}

// schemaVersion returns the version of the schema, 0 if it has no tables, or an
// error if this package doesn't know the version.
func (s *Store) schemaVersion(ctx context.Context, db querier) (version int, err error) {
	// Not to_regclass, whose result may be from before the wait for the lock.
	var exists bool
	err = db.QueryRow(ctx, `SELECT EXISTS (
		SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1::text AND c.relname = 'saga_schema')`, s.mode, s.config.Schema).Scan(&exists)
	if err != nil || !exists {
		return 0, err
	}
	row := db.QueryRow(ctx, "SELECT version FROM "+quote(s.config.Schema)+".saga_schema", s.mode)
	if err := row.Scan(&version); err != nil {
		return 0, err
	}
	if known := len(Migrations(s.config.Schema)); version > known {
		return 0, fmt.Errorf("the schema %q has version %d, and this program knows versions up to %d: "+
			"use a newer version of the program", s.config.Schema, version, known)
	}
	return version, nil
}

// createSchema creates the schema unless it exists. CREATE SCHEMA IF NOT EXISTS
// would need the privilege to create one even if it exists.
func (s *Store) createSchema(ctx context.Context, tx pgx.Tx) error {
	var exists bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1::text)",
		s.mode, s.config.Schema).Scan(&exists)
	if err != nil || exists {
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

// lockKey returns the key of the advisory lock for migrations of a schema.
func lockKey(schema string) int64 { return int64(schemaHash(schema)) }

// channel returns the name of the channel of a schema's notifications. It needs
// no quotes.
func channel(schema string) string { return fmt.Sprintf("saga_%016x", schemaHash(schema)) }

func schemaHash(schema string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("github.com/sagagen/sagagen\x00" + schema)) // never fails
	return hash.Sum64()
}
