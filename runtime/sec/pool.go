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
	queue []poolTask // from next on, what nobody does yet, oldest first
	head  int
	// coming says that a goroutine is on its way.
	waking bool
	idle   []chan bool // one for each goroutine that waits; the one that became idle last is used first
	closed bool
}

// duty is what a goroutine of the pool does for a saga: to attend to it, or to call an action and see what follows.
type poolTask struct {
	execution *execution
	drive     bool
	task      actionTask // if it doesn't attend at first
}

// do does the duty, and what falls to the same goroutine after it: whoever reports to a saga that nobody attends to attends, and
// calls one of the actions that are due then. So a chain of actions needs no other goroutine.
func (t *poolTask) run() {
	task, ok := t.task, !t.drive
	for {
		if !ok {
			if task, ok = t.execution.drive(); !ok {
				return
			}
		}
		if ok = false; !t.execution.runTask(task) {
			return
		}
	}
}

// run has a duty done. The user's code may end the goroutine with runtime.Goexit.
func (p *pool) submit(t poolTask) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, t)
	p.wakeWorker()
}

// runJobs has jobs of a saga done.
func (p *pool) submitAll(s *execution, tasks []actionTask) {
	if len(tasks) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range tasks {
		p.queue = append(p.queue, poolTask{execution: s, task: t})
	}
	p.wakeWorker()
}

// call has a goroutine come if there is something to do. It is called with the lock held.
func (p *pool) wakeWorker() {
	if p.waking || p.head == len(p.queue) {
		return
	}
	p.waking = true
	if n := len(p.idle); n > 0 {
		p.idle[n-1] <- true
		p.idle = p.idle[:n-1]
		return
	}
	go p.worker()
}

// work is a goroutine of the pool, which has been called.
func (p *pool) worker() {
	wake := make(chan bool, 1) // with room, so that call never waits
	p.mu.Lock()
	for p.waking = false; ; {
		if p.head < len(p.queue) {
			t := p.pop()
			p.wakeWorker()
			p.mu.Unlock()
			t.run()
			p.mu.Lock()
			continue
		}
		if p.closed || len(p.idle) == maxIdle {
			break
		}
		p.idle = append(p.idle, wake)
		p.mu.Unlock()
		if !<-wake {
			return
		}
		p.mu.Lock()
		p.waking = false
	}
	p.mu.Unlock()
}

// take takes the oldest duty.
func (p *pool) pop() poolTask {
	t := p.queue[p.head]
	p.queue[p.head] = poolTask{} // or else it would be kept in memory
	p.head++
	if p.head > len(p.queue)/2 { // so that what is moved is less than what was taken
		n := copy(p.queue, p.queue[p.head:])
		clear(p.queue[n:])
		p.queue, p.head = p.queue[:n], 0
	}
	return t
}

// close ends the goroutines that are idle, and the others when they become so.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, wake := range p.idle {
		wake <- false
	}
	p.idle = nil
}

// attendTo has somebody attend to a saga, on behalf of a caller who has to see to it and can't do so itself.
func (c *Coordinator) schedule(s *execution) { c.pool.submit(poolTask{execution: s, drive: true}) }
