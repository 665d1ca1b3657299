package sec

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// leaseSession is the time from acquiring leases to losing or releasing them,
// in which a coordinator may act for its sagas. It ends before the leases can
// have expired. Each session has another owner name, so that sagas that were
// lost in one can be claimed in the next.
type leaseSession struct {
	context.Context
	cancel context.CancelFunc
	owner  string
	// timer ends the session, unless the leases are renewed. It is nil if there
	// are no leases.
	timer *time.Timer
}

// newSession returns a lease session without a timer.
func (c *Coordinator) newSession() *leaseSession {
	session := &leaseSession{owner: c.config.Owner + "#" + rand.Text()[:8]}
	session.Context, session.cancel = context.WithCancel(c.lifetime)
	return session
}

// armSession starts the timer of the session. The caller holds c.mu.
func (c *Coordinator) armSession() {
	session := c.session
	session.timer = time.AfterFunc(c.sessionTimeout(), func() { c.expireSession(session) })
}

// sessionTimeout is how long a coordinator acts on a lease after it has asked
// the store for it. The lease begins later, by the clock of the database. The
// rest of its time is for actions to notice that their contexts have ended.
func (c *Coordinator) sessionTimeout() time.Duration { return c.config.Lease * 3 / 4 }

// expireSession ends a session whose leases could not be renewed. The contexts
// of its actions end, nothing more is appended for its sagas, and the
// coordinator forgets them. The coordinator that claims them recovers them. It
// may be this coordinator in its next session.
func (c *Coordinator) expireSession(session *leaseSession) {
	c.mu.Lock()
	if c.session != session || c.lifetime.Err() != nil {
		c.mu.Unlock()
		return
	}
	level := slog.LevelError
	if len(c.sagas) == 0 {
		level = slog.LevelWarn
	}
	c.config.Logger.Log(session, level, "the leases could not be renewed in time; giving up all sagas",
		"owner", session.owner, "sagas", len(c.sagas))
	session.cancel()
	c.session = c.newSession()
	c.armSession()
	var parked []*execution
	for _, s := range c.sagas {
		if s.isParked() {
			parked = append(parked, s)
		}
		if s.mail.Wake() {
			c.schedule(s)
		}
	}
	c.mu.Unlock()
	for _, s := range parked { // they have no driver that would release them
		c.release(s)
	}
}

// renewLeases renews the leases until the coordinator's lifetime ends. It
// renews them at the start, too, before the coordinator has many sagas: for an
// owner that has renewed, other coordinators check only the owner's lease, and
// not that of each of its sagas.
func (c *Coordinator) renewLeases() {
	for {
		c.mu.Lock()
		session := c.session
		c.mu.Unlock()
		asked := time.Now()
		err := c.client.withStore(session, func(ctx context.Context, st store.Store) error {
			return st.Renew(ctx, session.owner, c.config.Lease)
		})
		switch {
		case err == nil && session.timer.Stop():
			session.timer.Reset(time.Until(asked.Add(c.sessionTimeout())))
		case err != nil && c.lifetime.Err() == nil:
			c.config.Logger.Warn("renewing the leases failed; retrying", "error", err)
		}
		select {
		case <-time.After(c.config.Lease / 4):
		case <-c.stopRenewing:
			return
		case <-c.lifetime.Done():
			return
		}
	}
}

// currentSession returns the session in which new sagas are claimed.
func (c *Coordinator) currentSession() *leaseSession {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// owns reports whether this coordinator owns a record in its current session.
func (c *Coordinator) owns(record *saga.Record) bool {
	return record.Owner == c.currentSession().owner
}
