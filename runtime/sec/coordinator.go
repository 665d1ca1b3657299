package sec

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Coordinator runs sagas. It is safe for concurrent use. Make one with New, and
// stop it with Shutdown.
type Coordinator struct {
	Operator
	config Config

	// lifetime ends when all that running counts has stopped after Shutdown, or
	// when the context of Shutdown ends. Actions and calls of the store end
	// with it.
	lifetime    context.Context
	endLifetime context.CancelFunc
	// stopping is closed when Shutdown is called. Nothing new starts then.
	stopping chan struct{}
	// running counts the executions that are launched, the tasks in flight, and
	// the goroutines of pollLoop, watch, retentionLoop and inBackground.
	running sync.WaitGroup

	// renewing counts the goroutine of renewLeases. It runs until stopRenewing
	// is closed, which is after all that running counts.
	renewing         sync.WaitGroup
	stopRenewing     chan struct{}
	stopRenewingOnce sync.Once

	// pollNow wakes pollLoop. It has room for one, as further wake-ups share a
	// poll.
	pollNow      chan struct{}
	stopWatching context.CancelFunc
	// startupDone says that the claims at the start have found all sagas. Only
	// pollLoop uses it.
	startupDone bool

	// appendLimit is acquired before each append. Waiting for it doesn't count
	// against Config.StoreTimeout.
	appendLimit *semaphore

	// Each of these has a lock of its own.
	pool         pool
	limits       *limits
	admission    *admission
	observations *observations
	handoffs     handoffs

	// mu guards the fields below.
	mu      sync.Mutex
	stopped bool          // Shutdown was called
	session *leaseSession // the current one
	// sagas are the executions of the sagas that this coordinator owns. Settled
	// sagas are only in the store.
	sagas map[saga.ID]*execution
}

var _ saga.Coordinator = (*Coordinator)(nil)

// New returns a coordinator and begins to recover the unfinished sagas in the
// store. Recovery happens in the background and is retried as long as the store
// fails. The error says which field of the configuration is not valid.
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

		stopRenewing: make(chan struct{}),
		pollNow:      make(chan struct{}, 1),
		appendLimit:  newSemaphore(maxConcurrentAppends),
		stopWatching: stopWatching,
		limits:       newLimits(config.MaxActions),
		admission:    newAdmission(config.MaxSagas),
		sagas:        map[saga.ID]*execution{},

		observations: newObservations(config.Observer, config.Logger),
	}
	c.Operator = Operator{client: newStoreClient(&c.config), submit: c.submit, unpark: c.unpark}
	c.beginSession()
	go c.observations.run(lifetime)
	if config.Lease > 0 {
		c.renewing.Go(c.renewLeases)
	}
	c.running.Go(c.pollLoop)
	if w, ok := config.Store.(store.Watcher); ok {
		c.running.Go(func() { c.watch(watching, w) })
	}
	if config.Retention.enabled() {
		c.running.Go(c.retentionLoop)
	}
	return c, nil
}

// Shutdown stops the coordinator. No further action starts. Until ctx ends,
// Shutdown waits for the actions that run, records their outcomes, releases the
// leases, and lets the observer receive what happened. Then it returns nil.
//
// If ctx ends first, Shutdown cancels the contexts of the actions and returns
// an error that wraps the error of ctx. What these actions return later is not
// recorded, and the coordinator that recovers their sagas calls them again.
//
// The next coordinator on the store recovers the sagas that are not finished.
// Shutdown may be called again, to wait longer.
func (c *Coordinator) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	if !c.stopped {
		c.stopped = true
		close(c.stopping)
		c.stopWatching()
		c.wakeAll()
	}
	c.mu.Unlock()

	finished := make(chan struct{})
	go func() {
		c.running.Wait()
		c.stopRenewingOnce.Do(func() { close(c.stopRenewing) })
		c.renewing.Wait() // or else it could renew what is released below
		close(finished)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
		c.terminate()
		return fmt.Errorf("sec: shutdown: %w", ctx.Err())
	}
	err := c.retry(ctx, saga.ID{}, func(ctx context.Context, st store.Store) error {
		return st.Renew(ctx, c.currentSession().owner, 0)
	})
	if err != nil {
		c.terminate()
		return fmt.Errorf("sec: shutdown: release the leases: %w", cmp.Or(ctx.Err(), err))
	}
	c.terminate()
	// Let the observer finish, unless it hangs.
	select {
	case <-c.observations.finished:
	case <-ctx.Done():
	case <-time.After(observerTimeout):
	}
	return nil
}

// observerTimeout is the longest time that Shutdown waits for the observer.
const observerTimeout = time.Second

// terminate ends the coordinator's lifetime.
func (c *Coordinator) terminate() {
	c.endLifetime()
	c.pool.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if timer := c.session.timer; timer != nil {
		timer.Stop() // or else it would keep the coordinator in memory
	}
	c.wakeAll()
}

// wakeAll wakes all executions. The caller holds c.mu.
func (c *Coordinator) wakeAll() {
	for _, s := range c.sagas {
		if s.mail.wake() {
			c.schedule(s)
		}
	}
}

func (c *Coordinator) isStopped() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// inBackground runs f in a goroutine that Shutdown waits for. It reports false,
// and doesn't run f, if the coordinator is shutting down.
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
// reserve returns it and false. The error is saga.ErrShutdown or
// errLeaseExpired.
func (c *Coordinator) reserve(s *execution) (*execution, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, false, saga.ErrShutdown
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
	left, outstanding := s.mail.close(s.inFlight)
	// The actions of an abandoned saga run to their end.
	if outstanding == 0 || s.storedState != saga.StateAbandoned {
		s.lifetime.cancel()
	}
	s.admitted = s.admitted || left.admitted
	s.releaseAdmission()
	for _, r := range left.requests { // they came too late to be applied
		r.answer(errReleased)
	}
	close(s.done)
	if s.launched {
		c.running.Done()
	}
}

// launch notes that the caller drives a saga from now on, and that Shutdown
// waits for it. It reports false if the coordinator is shutting down.
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
