package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// minVersion is the first major version of PostgreSQL that the store works
// with.
const minVersion = 13

// checkServer returns an error if the server can't be durable.
func (s *Store) checkServer(ctx context.Context) error {
	var (
		version                          int
		standby                          bool
		fsync, pages, readOnly, encoding string
	)
	err := s.pool.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('fsync'),
			current_setting('full_page_writes'), current_setting('transaction_read_only'),
			current_setting('server_encoding')`, s.mode,
	).Scan(&version, &standby, &fsync, &pages, &readOnly, &encoding)
	if err != nil {
		return err
	}
	switch {
	case version < minVersion*10_000:
		return fmt.Errorf("PostgreSQL has version %d, want %d or later", version/10_000, minVersion)
	case standby:
		return errors.New("the server is a standby, which can't be written to: " +
			"connect to the primary, with target_session_attrs=read-write")
	case readOnly != "off":
		return errors.New("transactions are read-only: " +
			"set default_transaction_read_only to off for this role and database")
	case encoding != "UTF8":
		return fmt.Errorf("the encoding of the database is %s: use a database with the encoding UTF8", encoding)
	case fsync != "on" && !s.config.TrustStorage:
		return fmt.Errorf("fsync is %s, so a crash may lose commits and corrupt the database: set it to on", fsync)
	case pages != "on" && !s.config.TrustStorage:
		return fmt.Errorf("full_page_writes is %s, so a crash may corrupt the database: set it to on", pages)
	}
	return nil
}

// ensureDurable is an expression for the end of each statement that writes,
// each of which is a transaction. If synchronous_commit is off, it turns it on
// for the transaction. Its value is that of synchronous_commit. The store can't
// set it once for each connection: it doesn't know which connections of the
// pool are new, or what the program has set on them.
const ensureDurable = `(SELECT set_config('synchronous_commit',
	CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
		ELSE current_setting('synchronous_commit') END, true))`

// defaultExecMode returns the mode in which statements are sent. It never
// prepares statements on the server: a pooler in transaction mode may send the
// next statement to another server connection, which doesn't have them. An
// unprepared statement is planned each time. Where that would cost too much,
// the statement is in a function, whose plan the server keeps.
func defaultExecMode(pool *pgxpool.Pool) pgx.QueryExecMode {
	config := pool.Config().ConnConfig
	switch {
	case config.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol:
		return pgx.QueryExecModeSimpleProtocol // the program says that nothing else works
	case config.DescriptionCacheCapacity == 0:
		return pgx.QueryExecModeExec
	}
	return pgx.QueryExecModeCacheDescribe // binary parameters and results; the client caches the types
}
