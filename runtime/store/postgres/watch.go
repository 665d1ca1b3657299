package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// When no notification has arrived for pingEvery, Watch checks whether the
// server still answers, for at most pingTimeout.
const (
	pingEvery   = 30 * time.Second
	pingTimeout = 10 * time.Second
)

// errPooler is returned by Watch if the connection goes through a pooler.
var errPooler = errors.New("a pooler is between the program and the server, where notifications may be lost: " +
	"set Config.Listen to a connection to the server itself, or rely on polling")

// Watch implements store.Store. It takes no connection from the pool, but opens
// one of its own, as Config.Listen says, and listens there until it returns. It
// calls wake once when it has begun to listen. If Config.Listen is nil and the
// connection goes through a pooler, Watch returns an error at once.
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
	if config.BeforeConnect != nil { // the hook may set the password
		if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
			return nil, err
		}
	}
	return connectOnly(ctx, config.ConnConfig)
}

// connectOnly connects without the program's handler for notifications.
func connectOnly(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	config.OnNotification = nil
	return pgx.ConnectConfig(ctx, config)
}

// checkDirect returns errPooler if the server process that answers is not the
// one that accepted the connection.
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

// awaitNotification waits for a notification. Whenever none has arrived for
// pingEvery, it checks whether the server still answers.
func awaitNotification(ctx context.Context, conn *pgx.Conn, pingEvery time.Duration) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, pingEvery)
		_, err := conn.WaitForNotification(quiet)
		timedOut := quiet.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil || !timedOut {
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
