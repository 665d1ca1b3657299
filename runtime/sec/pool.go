package sec

import "sync"

// maxIdle is how many goroutines are kept for later. It is a few for each core more than a busy coordinator has
// calls that last for microseconds only; those that last longer don't gain by it.
const maxIdle = 256

// pool does duties in goroutines, and keeps some of these for later: their stacks have grown already, which is
// a large part of the cost of a short call.
//
// No duty waits for another to end, however long that takes: as long as there is one that nobody does, a
// goroutine is on its way, and wakes or begins the next one before it does what it has come for. But those that are done
// with a short one meanwhile do more of them, so that a thousand short calls need only a few goroutines.
type pool struct {
	mu    sync.Mutex
	queue []duty // from next on, what nobody does yet, oldest first
	next  int
	// coming says that a goroutine is on its way.
	coming bool
	idle   []chan bool // one for each goroutine that waits; the one that became idle last is used first
	closed bool
}

// duty is what a goroutine of the pool does for a saga: to attend to it, or to call an action and see what follows.
type duty struct {
	saga    *instance
	attends bool
	job     job // if it doesn't attend at first
}

// do does the duty, and what falls to the same goroutine after it: whoever reports to a saga that nobody attends to attends, and
// calls one of the actions that are due then. So a chain of actions needs no other goroutine.
func (d *duty) do() {
	job, ok := d.job, !d.attends
	for {
		if !ok {
			if job, ok = d.saga.attend(); !ok {
				return
			}
		}
		if ok = false; !d.saga.work(job) {
			return
		}
	}
}

// run has a duty done. The user's code may end the goroutine with runtime.Goexit.
func (p *pool) run(d duty) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, d)
	p.call()
}

// runJobs has jobs of a saga done.
func (p *pool) runJobs(s *instance, jobs []job) {
	if len(jobs) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, j := range jobs {
		p.queue = append(p.queue, duty{saga: s, job: j})
	}
	p.call()
}

// call has a goroutine come if there is something to do. It is called with the lock held.
func (p *pool) call() {
	if p.coming || p.next == len(p.queue) {
		return
	}
	p.coming = true
	if n := len(p.idle); n > 0 {
		p.idle[n-1] <- true
		p.idle = p.idle[:n-1]
		return
	}
	go p.work()
}

// work is a goroutine of the pool, which has been called.
func (p *pool) work() {
	called := make(chan bool, 1) // with room, so that call never waits
	p.mu.Lock()
	for p.coming = false; ; {
		if p.next < len(p.queue) {
			d := p.take()
			p.call()
			p.mu.Unlock()
			d.do()
			p.mu.Lock()
			continue
		}
		if p.closed || len(p.idle) == maxIdle {
			break
		}
		p.idle = append(p.idle, called)
		p.mu.Unlock()
		if !<-called {
			return
		}
		p.mu.Lock()
		p.coming = false
	}
	p.mu.Unlock()
}

// take takes the oldest duty.
func (p *pool) take() duty {
	d := p.queue[p.next]
	p.queue[p.next] = duty{} // or else it would be kept in memory
	p.next++
	if p.next > len(p.queue)/2 { // so that what is moved is less than what was taken
		n := copy(p.queue, p.queue[p.next:])
		clear(p.queue[n:])
		p.queue, p.next = p.queue[:n], 0
	}
	return d
}

// close ends the goroutines that are idle, and the others when they become so.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, called := range p.idle {
		called <- false
	}
	p.idle = nil
}

// attendTo has somebody attend to a saga, on behalf of a caller who has to see to it and can't do so itself.
func (c *Coordinator) attendTo(s *instance) { c.pool.run(duty{saga: s, attends: true}) }
