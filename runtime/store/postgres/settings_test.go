package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/postgres"
)

func TestOpenRefusesServersThatAreNotDurable(t *testing.T) {
	server := pgtest.Start(t)
	admin := pgtest.Pool(t, server.URL)
	_, err := admin.Exec(t.Context(), "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	require.NoError(t, err)
	set := func(t *testing.T, name, value string) {
		_, err := admin.Exec(t.Context(), "ALTER SYSTEM SET "+name+" = "+value)
		require.NoError(t, err)
		_, err = admin.Exec(t.Context(), "SELECT pg_reload_conf()")
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			var now string
			err := admin.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&now)
			return err == nil && now == value
		}, 30*time.Second, 10*time.Millisecond)
	}
	for name, refused := range map[string]struct {
		setting, database, readOnly string
		config                      postgres.Config
		message                     string
	}{
		"fsync":              {setting: "fsync", message: "fsync is off, so a crash may lose commits"},
		"full_page_writes":   {setting: "full_page_writes", message: "full_page_writes is off, so a crash may corrupt"},
		"read-only":          {readOnly: "on", message: "transactions are read-only: set"},
		"encoding":           {database: "latin", message: "the encoding of the database is LATIN1"},
		"reserved schema":    {config: postgres.Config{Schema: "pg_temp"}, message: `schema "pg_temp" is reserved`},
		"$body$ in a schema": {config: postgres.Config{Schema: "a$body$b"}, message: "contains $body$"},
		"long schema":        {config: postgres.Config{Schema: strings.Repeat("a", 64)}, message: "not a valid name"},
		"NUL in a schema":    {config: postgres.Config{Schema: "a\x00b"}, message: "is not a valid name"},
		"negative Writers":   {config: postgres.Config{Writers: -1}, message: "Config.Writers is -1, want"},
		"negative ReadConns": {config: postgres.Config{ReadConns: -1}, message: "Config.ReadConns is -1, want"},
	} {
		t.Run(name, func(t *testing.T) {
			if refused.setting != "" {
				set(t, refused.setting, "off")
				defer set(t, refused.setting, "on")
			}
			pool := pgtest.Pool(t, server.URL, func(c *pgxpool.Config) {
				if refused.database != "" {
					c.ConnConfig.Database = refused.database
				}
				if refused.readOnly != "" {
					c.ConnConfig.RuntimeParams["default_transaction_read_only"] = refused.readOnly
				}
			})
			_, err := postgres.Open(t.Context(), pool, refused.config)
			require.ErrorContains(t, err, refused.message)
			require.ErrorContains(t, err, "postgres store: ")
			t.Log(err)
			if refused.setting != "" {
				_, err := postgres.Open(t.Context(), pool, postgres.Config{TrustStorage: true})
				require.NoError(t, err)
			}
		})
	}
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	openStore(t, pool, schema)
	_, err := pool.Exec(t.Context(), "UPDATE "+schema+".saga_schema SET version = 99")
	require.NoError(t, err)
	_, err = postgres.Open(t.Context(), pool, postgres.Config{Schema: schema})
	require.EqualError(t, err, "postgres store: the schema \""+schema+"\" has version 99, "+
		"and this program knows versions up to 1: use a newer version of the program")
}

func TestFailedMigrationIsRolledBack(t *testing.T) {
	pool, schema := pgtest.Pool(t, pgtest.URL(t)), pgtest.Schema(t)
	_, err := pool.Exec(t.Context(), "CREATE SCHEMA "+schema+"; CREATE TABLE "+schema+".saga_log (mine int)")
	require.NoError(t, err)
	_, err = postgres.Open(t.Context(), pool, postgres.Config{Schema: schema})
	require.ErrorContains(t, err, "migrating the schema to version 1")
	var tables int
	row := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = $1", schema)
	require.NoError(t, row.Scan(&tables))
	assert.Equal(t, 1, tables, "only the existing one")

	_, err = pool.Exec(t.Context(), "DROP TABLE "+schema+".saga_log")
	require.NoError(t, err)
	openStore(t, pool, schema)
	openStore(t, pool, schema) // has nothing to migrate
}

// A program needs no privilege to create anything if an operator has run the
// migrations.
func TestMigrationsMayBeRunByAnotherRole(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.URL(t))
	schema := pgtest.Schema(t) + `_"odd` // a name that must be quoted
	quoted, role := pgx.Identifier{schema}.Sanitize(), pgx.Identifier{schema + " user"}.Sanitize()
	exec := func(text string) {
		_, err := pool.Exec(context.Background(), text) // also for cleanup, after the test
		require.NoError(t, err, text)
	}
	exec("CREATE ROLE " + role)
	t.Cleanup(func() { exec("DROP SCHEMA " + quoted + " CASCADE; DROP ROLE " + role) })
	limited := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["role"] = schema + " user"
	})
	_, err := postgres.Open(t.Context(), limited, postgres.Config{Schema: schema})
	require.ErrorContains(t, err, "run the texts of postgres.Migrations with a role that has it")

	exec("CREATE SCHEMA " + quoted)
	for _, text := range postgres.Migrations(schema) {
		exec(text)
	}
	exec("GRANT USAGE ON SCHEMA " + quoted + " TO " + role)
	exec("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + quoted + " TO " + role)
	s := openStore(t, limited, schema)
	n := newSaga()
	require.NoError(t, s.Create(t.Context(), n))
	require.NoError(t, s.Append(t.Context(), next(n.ID, 0, 3)))
	require.NoError(t, s.Renew(t.Context(), n.Owner, 0))
	claimed, err := s.Claim(t.Context(), store.Claim{Owner: "bob"})
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	requireLog(t, s, n.ID, 3)
}

// Another process that starts at the same time deletes the same expired lease.
// In this isolation level the server rejects the second delete.
func TestOpenRetriesIfAnotherProcessIsInItsWay(t *testing.T) {
	schema := pgtest.Schema(t)
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["default_transaction_isolation"] = "repeatable read"
		c.ConnConfig.RuntimeParams["application_name"] = schema
	})
	openStore(t, pool, schema)
	_, err := pool.Exec(t.Context(),
		"INSERT INTO "+schema+".saga_lease VALUES ('long gone', now() - interval '2 days')")
	require.NoError(t, err)
	other, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = other.Exec(t.Context(), "DELETE FROM "+schema+".saga_lease")
	require.NoError(t, err)
	opened := make(chan error, 1)
	go func() {
		_, err := postgres.Open(t.Context(), pool, postgres.Config{Schema: schema})
		opened <- err
	}()
	require.Eventually(t, func() bool {
		var waits bool
		require.NoError(t, pool.QueryRow(t.Context(), `
			SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock')`,
			schema).Scan(&waits))
		return waits
	}, time.Minute, time.Millisecond)
	require.NoError(t, other.Commit(t.Context()))
	require.NoError(t, <-opened)
}
