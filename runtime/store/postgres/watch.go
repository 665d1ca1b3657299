package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// For how long nothing may come on a connection before it is asked whether there is still a server, and for how long that may take.
const (
	pingEvery   = 30 * time.Second
	pingTimeout = 10 * time.Second
)

// errPooler is returned by Watch if it can't be told that notifications arrive.
var errPooler = errors.New("a pooler is between the program and the server, where notifications get lost: set Config.Listen to a connection to the server itself, or rely on polling")

// Watch implements store.Watcher. It takes no connection from the pool, but opens one of its own, as Config.Listen says, and
// listens there while it runs. It wakes once when it has begun to. It returns an error at once if the connection goes through a pooler, unless it's
// Config.Listen's.
func (s *Store) Watch(ctx context.Context, wake func()) error {
	err := s.watch(ctx, wake)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("postgres store: watch: %w", err)
}

func (s *Store) watch(ctx context.Context, wake func()) error {
	conn, err := s.connectToListen(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if s.config.Listen == nil {
		if err := checkDirect(ctx, conn); err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, "LISTEN "+s.channel, pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	for {
		wake()
		if err := awaitNotification(ctx, conn, pingEvery); err != nil {
			return err
		}
	}
}

func (s *Store) connectToListen(ctx context.Context) (*pgx.Conn, error) {
	if s.config.Listen != nil {
		return connectOnly(ctx, s.config.Listen.Copy())
	}
	config := s.pool.Config()
	if config.BeforeConnect != nil { // it may be what knows the password
		if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
			return nil, err
		}
	}
	return connectOnly(ctx, config.ConnConfig)
}

// connectOnly connects, without a handler for notifications of the program's.
func connectOnly(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	config.OnNotification = nil
	return pgx.ConnectConfig(ctx, config)
}

// checkDirect returns errPooler unless the process that answers is the one that the connection was made to.
func checkDirect(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return err
	}
	if pid != conn.PgConn().PID() {
		return errPooler
	}
	return nil
}

// awaitNotification returns nil when a notification has come. When none comes for a while, it asks whether there is still a server.
func awaitNotification(ctx context.Context, conn *pgx.Conn, pingEvery time.Duration) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, pingEvery)
		_, err := conn.WaitForNotification(quiet)
		over := quiet.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil || !over {
			return err
		}
		short, cancel := context.WithTimeout(ctx, pingTimeout)
		err = conn.Ping(short)
		cancel()
		if err != nil {
			return err
		}
	}
}
