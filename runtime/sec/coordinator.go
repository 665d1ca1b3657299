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

// Coordinator runs sagas. It may be used by several goroutines. Make one with New, and end it with Shutdown.
type Coordinator struct {
	Operator
	config Config

	// alive ends when Shutdown's context does, or nothing runs any more: actions and store calls end with it.
	alive context.Context
	kill  context.CancelFunc
	// stopping is closed when Shutdown is called: nothing new starts.
	stopping chan struct{}
	// running counts the sagas that are attended to, the actions that are called, and the goroutines that look out and delete.
	running sync.WaitGroup

	// keeping counts the goroutine that renews the leases, until keepNoMore is closed.
	keeping     sync.WaitGroup
	keepNoMore  chan struct{}
	stopKeeping sync.Once

	// awake has room for one, by which lookOut is woken.
	awake     chan struct{}
	unwatch   context.CancelFunc
	recovered bool // takeOver has seen the end; lookOut's own

	// appends is passed by each append. Who waits there doesn't use up the time that the store is given.
	appends *gate

	pool         pool
	gates        *gates
	slots        *slots
	observations *observations
	offers       offers

	mu      sync.Mutex
	stopped bool
	tenure  *tenure // the current one
	// sagas are those that this coordinator owns, except for the settled ones, which are in the store only.
	sagas map[saga.ID]*instance
}

var _ saga.Coordinator = (*Coordinator)(nil)

// New returns a coordinator, which begins to go on with what is unfinished in the store. That
// happens in the background, and is tried again as long as the store fails.
func New(config Config) (*Coordinator, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	alive, kill := context.WithCancel(context.Background())
	watching, unwatch := context.WithCancel(alive)
	c := &Coordinator{
		config:   config,
		alive:    alive,
		kill:     kill,
		stopping: make(chan struct{}),

		keepNoMore: make(chan struct{}),
		awake:      make(chan struct{}, 1),
		appends:    newGate(maxAppends),
		unwatch:    unwatch,
		gates:      newGates(config.MaxActions),
		slots:      newSlots(config.MaxSagas),
		sagas:      map[saga.ID]*instance{},

		observations: newObservations(config.Observer, config.Logger),
	}
	c.Operator = Operator{aside: newBystander(&c.config), ask: c.ask, unpark: c.unpark}
	c.newTenure()
	go c.observations.run(alive)
	if config.Lease > 0 {
		c.keeping.Go(c.keepLeases)
	}
	c.running.Go(c.lookOut)
	if w, ok := config.Store.(store.Watcher); ok {
		c.running.Go(func() { c.watch(watching, w) })
	}
	if config.Retention.enabled() {
		c.running.Go(c.retain)
	}
	return c, nil
}

// Shutdown ends the coordinator. No further action starts; those that run may end, and what they
// return is recorded, and the observer is told, until ctx ends. Then their contexts are cancelled, and Shutdown returns the context's error; what
// they return later is not recorded, and another coordinator will call them again. What was
// not finished goes on with the next coordinator on the store.
//
// Shutdown may be called again, to wait longer.
func (c *Coordinator) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	if !c.stopped {
		c.stopped = true
		close(c.stopping)
		c.unwatch()
		c.nudgeAll()
	}
	c.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		c.running.Wait()
		c.stopKeeping.Do(func() { close(c.keepNoMore) })
		c.keeping.Wait() // or else it could renew what is given back then
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		c.end()
		return fmt.Errorf("sec: shutdown: %w", ctx.Err())
	}
	err := c.retry(ctx, saga.ID{}, func(ctx context.Context, st store.Store) error {
		return st.Renew(ctx, c.currentTenure().owner, 0)
	})
	if err != nil {
		c.end()
		return fmt.Errorf("sec: shutdown: giving the sagas back: %w", cmp.Or(ctx.Err(), err))
	}
	c.end()
	select { // the observer gets the last words, unless it hangs
	case <-c.observations.ended:
	case <-ctx.Done():
	case <-time.After(observerPatience):
	}
	return nil
}

// observerPatience is how long Shutdown waits for the observer at most.
const observerPatience = time.Second

// end ends the coordinator's life.
func (c *Coordinator) end() {
	c.kill()
	c.pool.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if timer := c.tenure.timer; timer != nil {
		timer.Stop() // or else it would keep the coordinator in memory
	}
	c.nudgeAll()
}

// nudgeAll wakes all owners. It is called with the lock held.
func (c *Coordinator) nudgeAll() {
	for _, s := range c.sagas {
		if s.mail.nudge() {
			c.attendTo(s)
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

// inBackground runs f in a goroutine that Shutdown waits for, unless the coordinator is shutting down. It reports whether it does.
func (c *Coordinator) inBackground(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.running.Go(f)
	}
	return !c.stopped
}

// lookup returns a saga that this coordinator has in memory, or nil.
func (c *Coordinator) lookup(id saga.ID) *instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sagas[id]
}

// reserve puts an instance under its ID, before it is known whether the store has that saga. If there
// is one already, it returns that and false.
func (c *Coordinator) reserve(s *instance) (*instance, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, false, saga.ErrShutdown
	}
	if other, ok := c.sagas[s.id]; ok {
		return other, false, nil
	}
	if s.tenure.Err() != nil {
		return nil, false, errTenure
	}
	c.sagas[s.id] = s
	return s, true, nil
}

// release forgets an instance that was reserved, ends what works for it, and tells those that wait for it.
func (c *Coordinator) release(s *instance) { s.gone.Do(func() { c.forget(s) }) }

func (c *Coordinator) forget(s *instance) {
	c.mu.Lock()
	if c.sagas[s.id] == s {
		delete(c.sagas, s.id)
	}
	c.mu.Unlock()
	left, away := s.mail.close(s.flying)
	if away == 0 || s.stored != saga.StateAbandoned { // what was abandoned still runs to its end
		s.life.end()
	}
	s.admitted = s.admitted || left.granted
	s.dismiss()
	for _, r := range left.requests { // they came too late to be served
		r.answer(errGone)
	}
	close(s.done)
	if s.launched {
		c.running.Done()
	}
}

// launch notes that a saga which was loaded is attended to from now on, by the caller. It reports false if the coordinator is shutting down.
func (c *Coordinator) launch(s *instance) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	s.launched = true
	c.running.Add(1)
	return true
}
