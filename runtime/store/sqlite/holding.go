package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// maxHold is for how long a lane keeps a connection at most, if transactions follow each other. It is what others wait for who need the
// only one of a pool.
const maxHold = 5 * time.Millisecond

// holding is a connection that a lane has taken from the pool for one transaction, or several. While it is held nobody else can change its settings, so
// these are looked at once. The zero value holds none.
type holding struct {
	conn  *sql.Conn
	since time.Time
}

// get returns the connection, or takes one. If it is for writes, what it commits is durable.
func (h *holding) get(ctx context.Context, db *sql.DB, writes bool) (*sql.Conn, error) {
	if h.conn != nil && time.Since(h.since) < maxHold {
		return h.conn, nil
	}
	h.giveBack()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	h.conn, h.since = conn, time.Now()
	if writes {
		err = ensureDurable(ctx, conn)
	}
	if err != nil {
		h.giveBack()
		return nil, err
	}
	return conn, nil
}

// giveBack puts the connection back into the pool.
func (h *holding) giveBack() {
	if h.conn != nil {
		_ = h.conn.Close() // it says at most that there is nothing to give back
		h.conn = nil
	}
}

// discard keeps a connection in an unknown state from going back to the pool.
func (h *holding) discard() {
	if h.conn != nil {
		_ = h.conn.Raw(func(any) error { return driver.ErrBadConn })
		h.giveBack()
	}
}
