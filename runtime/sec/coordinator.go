package sec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec/internal/admission"
	"github.com/sagagen/sagagen/runtime/sec/internal/claim"
	"github.com/sagagen/sagagen/runtime/sec/internal/fairsem"
	"github.com/sagagen/sagagen/runtime/sec/internal/handoff"
	"github.com/sagagen/sagagen/runtime/sec/internal/lease"
	"github.com/sagagen/sagagen/runtime/sec/internal/poll"
	"github.com/sagagen/sagagen/runtime/sec/internal/retention"
	"github.com/sagagen/sagagen/runtime/sec/internal/workpool"
	"github.com/sagagen/sagagen/runtime/store"
)

// Coordinator runs sagas. Make one with New, and call Run, or Start and Stop.
// Before Run or Start, it records sagas and operator commands like a Client;
// they take effect when it runs. It is safe for concurrent use. It is a
// saga.Coordinator, so that generated Start functions accept it, and a
// saga.Operator.
type Coordinator struct {
	config  Config
	client  storeClient
	applier applier

	// lifetime ends when all that running counts has ended after Stop, or when
	// the context of Stop ends. Actions and calls of the store end with it.
	lifetime    context.Context
	endLifetime context.CancelFunc
	// started is set by Start. stopping is closed by Stop; nothing new starts
	// then.
	started  atomic.Bool
	stopping chan struct{}
	// running counts the executions that are launched, the tasks in flight, and
	// the goroutines of Start and inBackground.
	running sync.WaitGroup

	// poller calls poll, in whose goroutine claimer and nextSweep are used.
	poller    *poll.Poller
	claimer   *claim.Claimer
	nextSweep time.Time
	// watching is the context in which the store is watched.
	watching     context.Context
	stopWatching context.CancelFunc

	// appendLimit is acquired before each append. Waiting for it doesn't count
	// against Config.StoreTimeout.
	appendLimit *fairsem.Semaphore[saga.ID]

	// actionLimits and totalLimits limit the calls of one action, and of all
	// actions by saga.Direction. Do and undo have separate ones, so that
	// neither waits for the other.
	actionLimits fairsem.Set[limitKey, saga.ID]
	totalLimits  [2]*fairsem.Semaphore[saga.ID]

	// leases are renewed until all that running counts has ended.
	leases *lease.Keeper

	// Each of these has a lock of its own.
	pool         *workpool.Pool[work]
	admission    *admission.Admission[*execution]
	observations *observations
	handoffs     handoff.Handoffs[*execution]

	// mu guards the fields below.
	mu      sync.Mutex
	stopped bool // Stop was called
	// sagas are the executions of the sagas that this coordinator owns. Settled
	// sagas are only in the store.
	sagas map[saga.ID]*execution
}

var (
	_ saga.Coordinator = (*Coordinator)(nil)
	_ saga.Operator    = (*Coordinator)(nil)
)

// New returns a coordinator that doesn't run yet. It doesn't call the store.
// The error says which field of the configuration is not valid.
func New(config Config) (*Coordinator, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	lifetime, endLifetime := context.WithCancel(context.Background())
	watching, stopWatching := context.WithCancel(lifetime)
	c := &Coordinator{
		config:      config,
		lifetime:    lifetime,
		endLifetime: endLifetime,
		stopping:    make(chan struct{}),

		watching:     watching,
		appendLimit:  fairsem.New[saga.ID](maxConcurrentAppends),
		stopWatching: stopWatching,
		pool:         workpool.New(work.run),
		totalLimits: [2]*fairsem.Semaphore[saga.ID]{
			saga.Do: fairsem.New[saga.ID](config.MaxActions), saga.Undo: fairsem.New[saga.ID](config.MaxActions),
		},
		sagas: map[saga.ID]*execution{},

		observations: newObservations(config.Observer, config.Logger),
	}
	c.client = newStoreClient(&c.config)
	c.applier = applier{client: c.client, submit: c.submit, unpark: c.unpark}
	c.poller = poll.New(config.Poll, c.poll)
	c.admission = admission.New(config.MaxSagas, c.admit, c.poller.Wake)
	c.leases = lease.New(lifetime, lease.Config{
		Owner: config.Owner, Lease: config.Lease, Logger: config.Logger, Renew: c.renew, Expired: c.sessionExpired,
	})
	c.claimer = c.newClaimer()
	return c, nil
}

// Run runs sagas until ctx ends, or Stop is called. Then it stops as Stop does,
// and waits up to Config.DrainTimeout for running actions. It returns nil if
// all of them ended in time, and otherwise an error like that of Stop. Like
// Start, it recovers the unfinished sagas in the store, and can be called only
// once.
func (c *Coordinator) Run(ctx context.Context) error {
	if err := c.Start(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-c.stopping:
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.DrainTimeout)
	defer cancel()
	return c.Stop(draining)
}

// Start begins to run sagas in the background, and to recover the unfinished
// ones in the store. It doesn't wait for the store: recovery is retried as long
// as the store fails. Start returns an error if it was called before, and one
// that wraps saga.ErrStopped after Stop. Use Run if a context says how long the
// coordinator should run.
func (c *Coordinator) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped:
		return fmt.Errorf("sec: start: %w", saga.ErrStopped)
	case c.started.Load():
		return errors.New("sec: start: the coordinator has been started")
	}
	c.leases.Start()
	c.started.Store(true)
	go c.observations.Run(c.lifetime)
	c.running.Go(func() { c.poller.Run(c.stopping) })
	c.running.Go(func() { c.poller.Watch(c.watching, c.config.Store.Watch, c.config.Logger) })
	if c.config.Retention.enabled() {
		c.running.Go(c.deleteExpired)
	}
	return nil
}

// Stop stops the coordinator. No further action starts. Until ctx ends, Stop
// waits for running actions, records their outcomes, and releases the leases.
// It also waits for the observer, for a second at most. Then it returns nil.
//
// If ctx ends first, Stop cancels the contexts of the actions and returns an
// error that wraps the error of ctx. What these actions return later is not
// recorded, and the coordinator that recovers their sagas calls them again.
//
// The next coordinator on the store recovers the sagas that are not finished.
// Stop may be called again to wait until these actions have returned; it then
// returns nil, and so does a Run or an earlier Stop that is still waiting. A
// stopped coordinator can't be started again.
func (c *Coordinator) Stop(ctx context.Context) error {
	c.mu.Lock()
	if !c.stopped {
		c.stopped = true
		close(c.stopping)
		c.stopWatching()
		c.wakeAll()
	}
	c.mu.Unlock()

	if !c.started.Load() {
		c.terminate()
		return nil
	}
	finished := make(chan struct{})
	go func() {
		c.running.Wait()
		c.leases.Stop() // so that it renews nothing that is released below
		close(finished)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
		c.terminate()
		return fmt.Errorf("sec: stop: %w", ctx.Err())
	}
	err := c.retry(ctx, saga.ID{}, func(ctx context.Context, st store.Store) error {
		return st.Renew(ctx, c.leases.Current().Owner, 0)
	})
	if err != nil {
		c.terminate()
		return fmt.Errorf("sec: stop: release the leases: %w", cmp.Or(ctx.Err(), err))
	}
	c.terminate()
	// Let the observer finish, unless it hangs.
	select {
	case <-c.observations.Finished():
	case <-ctx.Done():
	case <-time.After(observerTimeout):
	}
	return nil
}

// observerTimeout is the longest time that Stop waits for the observer.
const observerTimeout = time.Second

// terminate ends the coordinator's lifetime.
func (c *Coordinator) terminate() {
	c.endLifetime()
	c.pool.Close()
	c.leases.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakeAll()
}

// wakeAll wakes all executions. The caller holds c.mu.
func (c *Coordinator) wakeAll() {
	for _, s := range c.sagas {
		if s.mail.Wake() {
			c.schedule(s)
		}
	}
}

// renew renews the leases of an owner.
func (c *Coordinator) renew(ctx context.Context, owner string, lease time.Duration) error {
	return c.client.withStore(ctx, func(ctx context.Context, st store.Store) error {
		return st.Renew(ctx, owner, lease)
	})
}

// owns reports whether this coordinator owns a record in its current session.
func (c *Coordinator) owns(record *saga.Record) bool { return record.Owner == c.leases.Current().Owner }

// sessionExpired gives up the sagas of a lease session that has expired. The
// contexts of their actions have ended, nothing more is appended to their logs,
// and the coordinator forgets them. The coordinator that claims them recovers
// them; it may be this one in its next session.
func (c *Coordinator) sessionExpired(session *lease.Session) {
	sagas := 0
	var parked []*execution
	c.mu.Lock()
	for _, s := range c.sagas {
		if s.session != session {
			continue
		}
		sagas++
		if s.isParked() {
			parked = append(parked, s)
		}
		if s.mail.Wake() {
			c.schedule(s)
		}
	}
	c.mu.Unlock()
	level := slog.LevelError
	if sagas == 0 {
		level = slog.LevelWarn
	}
	c.config.Logger.Log(session, level, "the leases could not be renewed in time; giving up all sagas",
		"owner", session.Owner, "sagas", sagas)
	for _, s := range parked { // they have no driver that would release them
		c.release(s)
	}
}

// deleteExpired deletes finished sagas until the coordinator stops.
func (c *Coordinator) deleteExpired() {
	cleaner := retention.Cleaner{
		Queue:    c.config.Queue,
		MaxAge:   c.config.Retention.MaxAge,
		MaxCount: c.config.Retention.MaxCount,
		Every:    c.config.Retention.Every,
		Logger:   c.config.Logger,
		Pages:    c.client.pages,
		Delete: func(ctx context.Context, id saga.ID) error {
			return c.client.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Delete(ctx, id) })
		},
	}
	cleaner.Run(c.lifetime, c.stopping)
}

func (c *Coordinator) isStopped() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// inBackground runs f in a goroutine that Stop waits for. It reports false, and
// doesn't run f, if the coordinator is stopping.
func (c *Coordinator) inBackground(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.running.Go(f)
	}
	return !c.stopped
}

// lookup returns the execution of a saga that this coordinator has in memory,
// or nil.
func (c *Coordinator) lookup(id saga.ID) *execution {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sagas[id]
}

// reserve enters an execution under its ID, before it is known whether the
// store has that saga. If the coordinator has an execution of that ID already,
// reserve returns it and false. The error is saga.ErrStopped or
// errLeaseExpired.
func (c *Coordinator) reserve(s *execution) (*execution, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, false, saga.ErrStopped
	}
	if other, ok := c.sagas[s.id]; ok {
		return other, false, nil
	}
	if s.session.Err() != nil {
		return nil, false, errLeaseExpired
	}
	c.sagas[s.id] = s
	return s, true, nil
}

// release removes an execution that was reserved, cancels its actions, and
// wakes all goroutines that wait for it.
func (c *Coordinator) release(s *execution) { s.releaseOnce.Do(func() { c.forget(s) }) }

func (c *Coordinator) forget(s *execution) {
	c.mu.Lock()
	if c.sagas[s.id] == s {
		delete(c.sagas, s.id)
	}
	c.mu.Unlock()
	left, outstanding := s.mail.Close(s.inFlight)
	// The actions of an abandoned saga run to their end.
	if outstanding == 0 || s.storedState != saga.StateAbandoned {
		s.lifetime.Cancel()
	}
	s.admitted = s.admitted || left.Admitted
	s.releaseAdmission()
	for _, r := range left.Requests { // they came too late to be applied
		r.answer(errReleased)
	}
	close(s.done)
	if s.launched {
		c.running.Done()
	}
}

// launch notes that the caller drives a saga from now on, and that Stop waits
// for it. It reports false if the coordinator is stopping.
func (c *Coordinator) launch(s *execution) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	s.launched = true
	c.running.Add(1)
	return true
}
