// Package lease keeps the leases of a coordinator, and says how long it may act
// on them.
package lease

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"
)

// Session is a lease session: the time from acquiring leases to losing or
// releasing them, during which a coordinator may run its sagas. Its context
// ends before the leases can have expired. Each session has another owner name,
// so that sagas that were lost in one can be claimed in the next.
type Session struct {
	context.Context
	// Owner is the owner name of the coordinator in this session.
	Owner string

	cancel context.CancelFunc
	// timer ends the session, unless the leases are renewed. It is nil until
	// the Keeper has started, and if there are no leases.
	timer *time.Timer
}

// Config configures a Keeper. All fields are required.
type Config struct {
	// Owner is the prefix of the owner names. A random part follows.
	Owner string
	// Lease is how long a lease lasts. With 0 there are none, and one session
	// lasts for the lifetime.
	Lease time.Duration
	// Renew makes all leases of an owner last that long from now on.
	Renew func(ctx context.Context, owner string, lease time.Duration) error
	// Expired is called, in a goroutine of its own, when a session has ended
	// because its leases could not be renewed. The next session has begun.
	Expired func(*Session)
	Logger  *slog.Logger
}

// Keeper renews leases, and begins a new session if it can't. It is safe for
// concurrent use.
//
// Between Start and Stop it has one goroutine. The timer of the current session
// runs until Close.
type Keeper struct {
	// These are constant.
	config   Config
	lifetime context.Context

	renewing sync.WaitGroup // counts the goroutine
	stop     chan struct{}
	stopOnce sync.Once

	// mu guards the field below, and is held while a session begins or ends.
	mu      sync.Mutex
	current *Session
}

// New returns a Keeper with a first session. All sessions end with the
// lifetime.
func New(lifetime context.Context, config Config) *Keeper {
	k := &Keeper{config: config, lifetime: lifetime, stop: make(chan struct{})}
	k.begin()
	return k
}

// Current returns the session in which new sagas are claimed.
func (k *Keeper) Current() *Session {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// Start begins to renew the leases, at once and then every quarter of their
// time. The first renewal comes before the coordinator has many sagas: for an
// owner that has renewed, other coordinators check only the owner's lease, and
// not that of each of its sagas. Start does nothing if there are no leases.
func (k *Keeper) Start() {
	if k.config.Lease == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.arm()
	k.renewing.Go(k.renewLeases)
}

// Stop stops renewing the leases, and waits until no renewal is in progress.
func (k *Keeper) Stop() {
	k.stopOnce.Do(func() { close(k.stop) })
	k.renewing.Wait()
}

// Close stops the timer of the session. Otherwise the timer would keep
// everything that Expired refers to in memory. The caller must have ended the
// lifetime.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if timer := k.current.timer; timer != nil {
		timer.Stop()
	}
}

// begin begins a session without a timer. The caller holds k.mu.
func (k *Keeper) begin() {
	session := &Session{Owner: k.config.Owner + "#" + rand.Text()[:8]}
	session.Context, session.cancel = context.WithCancel(k.lifetime)
	k.current = session
}

// arm starts the timer of the current session. The caller holds k.mu.
func (k *Keeper) arm() {
	session := k.current
	session.timer = time.AfterFunc(k.timeout(), func() { k.expire(session) })
}

// timeout is how long a session lasts after the call of its last renewal began.
// The lease itself begins during that call, by the clock of the database. In
// the last quarter of the lease, actions can notice that their contexts have
// ended.
func (k *Keeper) timeout() time.Duration { return k.config.Lease * 3 / 4 }

// expire ends a session whose leases could not be renewed, and begins the next
// one.
func (k *Keeper) expire(session *Session) {
	k.mu.Lock()
	if k.lifetime.Err() != nil {
		k.mu.Unlock()
		return
	}
	session.cancel()
	k.begin()
	k.arm()
	k.mu.Unlock()
	k.config.Expired(session)
}

// renewLeases renews the leases until Stop or the end of the lifetime.
func (k *Keeper) renewLeases() {
	for {
		session := k.Current()
		asked := time.Now()
		err := k.config.Renew(session, session.Owner, k.config.Lease)
		switch {
		case err == nil && session.timer.Stop():
			session.timer.Reset(time.Until(asked.Add(k.timeout())))
		case err != nil && k.lifetime.Err() == nil:
			k.config.Logger.Warn("renewing the leases failed; retrying", "error", err)
		}
		select {
		case <-time.After(k.config.Lease / 4):
		case <-k.stop:
			return
		case <-k.lifetime.Done():
			return
		}
	}
}
