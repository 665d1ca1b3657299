package sec

import "sync"

// maxIdle is how many idle goroutines are kept. It is more than the number of
// calls of some microseconds that a busy coordinator has at a time, which is a
// few for each core. Longer calls don't gain from kept goroutines.
const maxIdle = 256

// pool runs tasks in goroutines and keeps some of these for later: their stacks
// have grown already, and growing them is a large part of the cost of a short
// call.
//
// No task waits for another to finish. As long as the queue is not empty, one
// goroutine is starting up. It wakes or starts the next one before it runs its
// own task. Meanwhile, goroutines that finish a short task take further ones,
// so that a thousand short calls need only a few goroutines.
//
// The lock guards all fields.
type pool struct {
	mu    sync.Mutex
	queue []poolTask // from head on, the tasks that no goroutine has taken, oldest first
	head  int
	// waking says that a goroutine is starting up.
	waking bool
	idle   []chan bool // one channel for each idle goroutine; the last one is used first
	closed bool
}

// poolTask is what a goroutine of the pool does for an execution: it drives it,
// or runs a task and then sees what follows.
type poolTask struct {
	execution *execution
	drive     bool
	task      actionTask // the first task, unless drive is set
}

// run does the work, and what follows from it in the same goroutine: a
// goroutine that reports to an execution without a driver becomes its driver,
// and runs one of the tasks that are due then. So a chain of actions needs no
// other goroutine.
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

// submit has a goroutine run t. User code may end that goroutine with
// runtime.Goexit.
func (p *pool) submit(t poolTask) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, t)
	p.wakeWorker()
}

// submitAll has tasks of a saga run.
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

// wakeWorker wakes or starts a goroutine if the queue is not empty and none is
// starting up. The caller holds the lock.
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

// worker is a goroutine of the pool.
func (p *pool) worker() {
	wake := make(chan bool, 1) // with room, so that wakeWorker never blocks
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

// pop removes the oldest task from the queue. The caller holds the lock.
func (p *pool) pop() poolTask {
	t := p.queue[p.head]
	p.queue[p.head] = poolTask{} // or else it would be kept in memory
	p.head++
	if p.head > len(p.queue)/2 { // so that fewer elements are moved than were taken
		n := copy(p.queue, p.queue[p.head:])
		clear(p.queue[n:])
		p.queue, p.head = p.queue[:n], 0
	}
	return t
}

// close ends the idle goroutines now, and the others when they become idle.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, wake := range p.idle {
		wake <- false
	}
	p.idle = nil
}

// schedule has a goroutine of the pool drive s. The caller must be the one that
// the mailbox asked to do so.
func (c *Coordinator) schedule(s *execution) { c.pool.submit(poolTask{execution: s, drive: true}) }
