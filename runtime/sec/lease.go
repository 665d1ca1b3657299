package sec

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/sagagen/sagagen/runtime/store"
)

// tenure is a time during which a coordinator may act for its sagas. It ends before their leases can have ended. Each
// tenure has an owner's name of its own, so that what was lost with one can be claimed in the next.
type leaseSession struct {
	context.Context
	cancel context.CancelFunc
	owner  string
	// timer ends it, unless the leases are renewed. It is nil if there are no leases.
	timer *time.Timer
}

// newTenure begins a tenure. It is called with the lock held, or by New.
func (c *Coordinator) beginSession() {
	session := &leaseSession{owner: c.config.Owner + "#" + rand.Text()[:8]}
	session.Context, session.cancel = context.WithCancel(c.lifetime)
	if c.config.Lease > 0 {
		session.timer = time.AfterFunc(c.sessionTimeout(), func() { c.expireSession(session) })
	}
	c.session = session
}

// holdFor is how long a coordinator acts on a lease after it has asked for it. The lease begins later, by
// the clock of the database, and the rest is for what an action needs to notice that its context has ended.
func (c *Coordinator) sessionTimeout() time.Duration { return c.config.Lease * 3 / 4 }

// loseTenure ends a tenure whose leases could not be renewed: its actions' contexts end, nothing more is written for
// its sagas, and they are forgotten. Whoever claims them goes on with them; that may be this coordinator.
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
	c.config.Logger.Log(session, level, "the leases could not be renewed in time; giving up all sagas", "owner", session.owner, "sagas", len(c.sagas))
	session.cancel()
	c.beginSession()
	var parked []*execution
	for _, s := range c.sagas {
		if s.isParked() {
			parked = append(parked, s)
		}
		if s.mail.wake() {
			c.schedule(s)
		}
	}
	c.mu.Unlock()
	for _, s := range parked { // they have no owner that could leave
		c.release(s)
	}
}

// keepLeases renews the leases until the coordinator's life ends. It does so at its start too, before it has much: what others look for goes
// by an owner who has renewed, and has to look at each saga of one who hasn't.
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
			c.config.Logger.Warn("renewing the leases fails; trying again", "error", err)
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

// currentTenure returns the tenure in which new sagas are taken.
func (c *Coordinator) currentSession() *leaseSession {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// owns reports whether a record is of this coordinator's current tenure.
func (c *Coordinator) owns(record *store.Record) bool {
	return record.Owner == c.currentSession().owner
}
