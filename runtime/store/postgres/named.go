package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// keepsNames is the key of what is known of a connection: whether the server may keep statements for it. Its value is a bool.
const keepsNames = "github.com/sagagen/sagagen/runtime/store/postgres: keeps names"

// callMode returns how a call of a function is sent over a connection. To read and plan the call anew takes the server about as long as to do what
// the function does for one saga. So the server keeps the statement by a name, if pgx does so in this pool, and there is no pooler between, which may
// give the next statement to another server connection, which doesn't know the name. It asks a new connection once.
func (s *Store) callMode(ctx context.Context, conn *pgx.Conn) (pgx.QueryExecMode, error) {
	known := conn.PgConn().CustomData()
	keeps, ok := known[keepsNames].(bool)
	if !ok {
		config := conn.Config()
		keeps = config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && config.StatementCacheCapacity > 0
		if keeps {
			err := checkDirect(ctx, conn)
			if err != nil && !errors.Is(err, errPooler) {
				return 0, err
			}
			keeps = err == nil
		}
		known[keepsNames] = keeps
	}
	if keeps {
		return pgx.QueryExecModeCacheStatement, nil
	}
	return s.mode, nil
}

// keepNoNames has the statements of a connection sent without names from now on.
func keepNoNames(conn *pgx.Conn) { conn.PgConn().CustomData()[keepsNames] = false }

// isForgotten reports whether err says that the server doesn't know the name of a statement: the program has told it to forget them (DISCARD ALL),
// in a hook of the pool's perhaps. Nothing was done.
func isForgotten(err error) bool {
	_, code := errorCode(err)
	return code == "26000"
}
