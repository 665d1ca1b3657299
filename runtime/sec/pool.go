package sec

import "sync"

// maxIdle is how many goroutines are kept for later. It is a few for each core more than a busy coordinator has
// calls that last for microseconds only; those that last longer don't gain by it.
const maxIdle = 256

// pool runs what is to be run in goroutines, and keeps some of these for later: their stacks have grown already, which is
// a large part of the cost of a short call.
type pool struct {
	mu     sync.Mutex
	idle   []chan duty // the one that became idle last is used first
	closed bool
}

// duty is what a goroutine of the pool does: to own a saga, or to work for one.
type duty struct {
	saga *instance
	owns bool
	// first is what an owner does first; job is what a worker does.
	first *request
	job   job
}

func (d *duty) do() {
	defer d.saga.coordinator.running.Done()
	if d.owns {
		d.saga.run(d.first)
		return
	}
	d.saga.work(d.job)
}

// run does a duty in a goroutine, which the user's code may end with runtime.Goexit.
func (p *pool) run(d duty) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		worker := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		worker <- d
		return
	}
	p.mu.Unlock()
	go p.work(d)
}

func (p *pool) work(d duty) {
	next := make(chan duty, 1) // with room, so that run never waits
	for d.saga != nil {
		d.do()
		p.mu.Lock()
		if p.closed || len(p.idle) == maxIdle {
			p.mu.Unlock()
			return
		}
		p.idle = append(p.idle, next)
		p.mu.Unlock()
		d = <-next
	}
}

// close ends the goroutines that are idle, and the others when they become so.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, worker := range p.idle {
		worker <- duty{}
	}
	p.idle = nil
}
