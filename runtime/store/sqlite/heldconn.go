package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// maxHold is the longest time that a committer holds a connection when
// transactions follow one another. Others that need the only connection of a
// pool wait for as long.
const maxHold = 5 * time.Millisecond

// heldConn is a connection that a committer has taken from the pool for one or
// several transactions. While it is held, nobody else can change its settings,
// so they are checked once. It is not safe for concurrent use.
type heldConn struct {
	db     *sql.DB
	writes bool // the commits of the connection must be durable

	conn  *sql.Conn // nil if none is held
	since time.Time
}

// get returns the held connection, or takes one from the pool.
func (h *heldConn) get(ctx context.Context) (*sql.Conn, error) {
	if h.conn != nil && time.Since(h.since) < maxHold {
		return h.conn, nil
	}
	h.release()
	conn, err := h.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	h.conn, h.since = conn, time.Now()
	if h.writes {
		// Without ctx: with a context that can end, each statement costs a
		// goroutine.
		err = ensureDurable(context.Background(), conn)
	}
	if err != nil {
		h.release()
		return nil, err
	}
	return conn, nil
}

// release returns the connection to the pool.
func (h *heldConn) release() {
	if h.conn != nil {
		_ = h.conn.Close() // fails only if the connection is closed already
		h.conn = nil
	}
}

// discard closes a connection in an unknown state instead of returning it to
// the pool.
func (h *heldConn) discard() {
	if h.conn != nil {
		_ = h.conn.Raw(func(any) error { return driver.ErrBadConn })
		h.release()
	}
}
