package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// minVersion is the first major version of PostgreSQL that the store works with.
const minVersion = 13

// checkServer returns an error if the server can't be one that keeps what is written.
func (s *Store) checkServer(ctx context.Context) error {
	var (
		version                          int
		standby                          bool
		fsync, pages, readOnly, encoding string
	)
	err := s.pool.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('fsync'),
			current_setting('full_page_writes'), current_setting('transaction_read_only'), current_setting('server_encoding')`, s.mode,
	).Scan(&version, &standby, &fsync, &pages, &readOnly, &encoding)
	if err != nil {
		return err
	}
	switch {
	case version < minVersion*10_000:
		return fmt.Errorf("PostgreSQL is of version %d, want %d or later", version/10_000, minVersion)
	case standby:
		return errors.New("the server is a standby, which can't be written to: connect to the primary, with target_session_attrs=read-write")
	case readOnly != "off":
		return errors.New("transactions are read-only: set default_transaction_read_only to off for this role and database")
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s: use one whose encoding is UTF8", encoding)
	case fsync != "on" && !s.config.TrustStorage:
		return fmt.Errorf("fsync is %s, so that commits may be lost and the database corrupted in a crash: set it to on", fsync)
	case pages != "on" && !s.config.TrustStorage:
		return fmt.Errorf("full_page_writes is %s, so that the database may be corrupted in a crash: set it to on", pages)
	}
	return nil
}

// ensureDurable is an expression for the end of each statement that writes, which commits by itself. It sets synchronous_commit for
// the transaction if it is off, and is what it is then. Nobody can tell which of the pool's connections is new, or what the program has set on it.
const ensureDurable = `(SELECT set_config('synchronous_commit',
	CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true))`

// execMode returns how statements are sent: never by a name that the server keeps, as a pooler in transaction mode
// may give the next statement to another server connection, which doesn't know it. Without a name each is planned anew. What that
// would cost too much for is in functions, whose plans the server keeps.
func execMode(pool *pgxpool.Pool) pgx.QueryExecMode {
	config := pool.Config().ConnConfig
	switch {
	case config.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol:
		return pgx.QueryExecModeSimpleProtocol // the program says that nothing else works
	case config.DescriptionCacheCapacity == 0:
		return pgx.QueryExecModeExec
	}
	return pgx.QueryExecModeCacheDescribe // parameters and results in binary form; the client keeps the types
}
