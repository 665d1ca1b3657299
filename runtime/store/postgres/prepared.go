package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// preparesKey is the key in a connection's custom data for whether the server
// may keep prepared statements for it. The value is a bool.
const preparesKey = "github.com/sagagen/sagagen/runtime/store/postgres: prepares"

// execMode returns the mode in which a call of a function is sent over a
// connection. Parsing and planning the call takes the server about as long as
// running the function for one saga. So the call is a prepared statement if pgx
// prepares statements in this pool, and there is no pooler: a pooler may send
// the next call to another server connection, which doesn't have the statement.
// execMode checks a new connection once.
func (s *Store) execMode(ctx context.Context, conn *pgx.Conn) (pgx.QueryExecMode, error) {
	data := conn.PgConn().CustomData()
	prepares, checked := data[preparesKey].(bool)
	if !checked {
		config := conn.Config()
		prepares = config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && config.StatementCacheCapacity > 0
		if prepares {
			err := checkDirect(ctx, conn)
			if err != nil && !errors.Is(err, errPooler) {
				return 0, err
			}
			prepares = err == nil
		}
		data[preparesKey] = prepares
	}
	if prepares {
		return pgx.QueryExecModeCacheStatement, nil
	}
	return s.mode, nil
}

// disablePrepared stops the use of prepared statements on a connection.
func disablePrepared(conn *pgx.Conn) { conn.PgConn().CustomData()[preparesKey] = false }

// isUnknownStatement reports whether err says that the server doesn't have a
// prepared statement, so nothing was done. The program may have deallocated it
// with DISCARD ALL, for example in a hook of the pool.
func isUnknownStatement(err error) bool {
	_, code := errorCode(err)
	return code == "26000"
}
