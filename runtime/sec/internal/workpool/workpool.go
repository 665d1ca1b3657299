// Package workpool runs tasks in goroutines that it reuses.
package workpool

import "sync"

// maxIdle is how many idle goroutines are kept. It is more than the number of
// calls of some microseconds that a busy coordinator has at a time, which is a
// few for each core. Longer calls don't gain from kept goroutines.
const maxIdle = 256

// Pool runs tasks in goroutines and keeps some of these for later: their stacks
// have grown already, and growing them is a large part of the cost of a short
// call. With a new goroutine for each task, BenchmarkTrip of package sec takes
// 2.4 times as long with one client, and 1.25 times with 64.
//
// No task waits for another to finish. As long as the queue is not empty, one
// goroutine is starting up. It wakes or starts the next one before it runs its
// own task. Meanwhile, goroutines that finish a short task take further ones,
// so that a thousand short calls need only a few goroutines.
//
// A Pool is safe for concurrent use. Its goroutines and its callers share all
// fields but run, under the lock. No lock is held while a task runs.
type Pool[T any] struct {
	run func(T)

	mu    sync.Mutex
	queue []T // from head on, the tasks that no goroutine has taken, oldest first
	head  int
	// waking says that a goroutine is starting up.
	waking bool
	// idle has one channel for each idle goroutine; the last one is used first.
	// Each has room for one value, and is sent one when it leaves the slice: it
	// says whether the goroutine continues. So sending never blocks.
	idle   []chan bool
	closed bool
}

// New returns a pool whose tasks are run by run. A run may end its goroutine
// with runtime.Goexit.
func New[T any](run func(T)) *Pool[T] { return &Pool[T]{run: run} }

// Submit has a goroutine run each of the tasks. It doesn't wait.
func (p *Pool[T]) Submit(tasks ...T) {
	if len(tasks) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, tasks...)
	p.wakeWorker()
}

// Close ends the idle goroutines now, and the others when they become idle.
// Tasks that were submitted before, or are submitted later, still run.
func (p *Pool[T]) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, wake := range p.idle {
		wake <- false
	}
	p.idle = nil
}

// wakeWorker wakes or starts a goroutine if the queue is not empty and none is
// starting up. The caller holds the lock.
func (p *Pool[T]) wakeWorker() {
	if p.waking || p.head == len(p.queue) {
		return
	}
	p.waking = true
	if n := len(p.idle); n > 0 {
		p.idle[n-1] <- true
		p.idle = p.idle[:n-1]
		return
	}
	go p.work()
}

// work is a goroutine of the pool.
func (p *Pool[T]) work() {
	wake := make(chan bool, 1)
	p.mu.Lock()
	for p.waking = false; ; {
		if p.head < len(p.queue) {
			t := p.pop()
			p.wakeWorker()
			p.mu.Unlock()
			p.run(t)
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
func (p *Pool[T]) pop() T {
	var none T
	t := p.queue[p.head]
	p.queue[p.head] = none // so that it can be freed
	p.head++
	if p.head > len(p.queue)/2 { // so that fewer elements are moved than were taken
		n := copy(p.queue, p.queue[p.head:])
		clear(p.queue[n:])
		p.queue, p.head = p.queue[:n], 0
	}
	return t
}
