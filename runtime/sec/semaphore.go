package sec

import (
	"slices"
	"sync"

	saga "github.com/sagagen/sagagen/runtime"
)

// semaphore limits the number of calls that run at a time. It is fair to sagas:
// those that wait take turns, one call each, so that a saga with a thousand
// nodes doesn't block a saga with one node.
//
// Semaphores are acquired in a fixed order, so that they can't deadlock: that
// of the action first, then that of the coordinator. A nil semaphore has no
// limit.
type semaphore struct {
	mu   sync.Mutex
	free int
	// queue holds each saga that waits once, the next one first. waiters holds
	// the waiting calls of each saga.
	queue   []saga.ID
	waiters map[saga.ID][]chan struct{}
}

// newSemaphore returns a semaphore, or nil if limit is not positive.
func newSemaphore(limit int) *semaphore {
	if limit <= 0 {
		return nil
	}
	return &semaphore{free: limit, waiters: map[saga.ID][]chan struct{}{}}
}

// acquire waits until a call of the saga may run, and returns true. It returns
// false if stop is closed or the saga is released before that.
func (sem *semaphore) acquire(s *execution, stop <-chan struct{}) bool {
	if sem == nil {
		return true
	}
	sem.mu.Lock()
	if sem.free > 0 {
		sem.free--
		sem.mu.Unlock()
		return true
	}
	id := s.id
	ready := make(chan struct{})
	if len(sem.waiters[id]) == 0 {
		sem.queue = append(sem.queue, id)
	}
	sem.waiters[id] = append(sem.waiters[id], ready)
	sem.mu.Unlock()
	select {
	case <-ready:
		return true
	case <-stop:
	case <-s.lifetime.Done():
	case <-s.done:
	}
	sem.cancelWait(id, ready)
	return false
}

// release lets the next waiting call run.
func (sem *semaphore) release() {
	if sem == nil {
		return
	}
	sem.mu.Lock()
	defer sem.mu.Unlock()
	sem.passOn()
}

func (sem *semaphore) passOn() {
	if len(sem.queue) == 0 {
		sem.free++
		return
	}
	id := sem.queue[0]
	sem.queue = sem.queue[1:]
	ready := sem.waiters[id][0]
	sem.waiters[id] = sem.waiters[id][1:]
	if len(sem.waiters[id]) > 0 {
		sem.queue = append(sem.queue, id)
	} else {
		delete(sem.waiters, id)
	}
	close(ready)
}

// cancelWait removes a call from the queue. If the call has just been let in,
// it passes its turn on.
func (sem *semaphore) cancelWait(id saga.ID, ready chan struct{}) {
	sem.mu.Lock()
	defer sem.mu.Unlock()
	i := slices.Index(sem.waiters[id], ready)
	if i < 0 {
		sem.passOn()
		return
	}
	sem.waiters[id] = slices.Delete(sem.waiters[id], i, i+1)
	if len(sem.waiters[id]) == 0 {
		delete(sem.waiters, id)
		sem.queue = slices.DeleteFunc(sem.queue, func(other saga.ID) bool { return other == id })
	}
}

// limits are the semaphores of a coordinator. Do and undo have separate ones,
// so that neither waits for the other.
type limits struct {
	total [2]*semaphore // of all actions, by saga.Direction
	mu    sync.Mutex
	// actions holds the semaphores of the actions with a limit. They are made
	// when they are needed.
	actions map[limitKey]*semaphore
}

type limitKey struct {
	action    saga.ActionName
	direction saga.Direction
}

func newLimits(maxActions int) *limits {
	return &limits{
		total:   [2]*semaphore{saga.Do: newSemaphore(maxActions), saga.Undo: newSemaphore(maxActions)},
		actions: map[limitKey]*semaphore{},
	}
}

// forAction returns the semaphore of an action, or nil if it has no limit.
func (l *limits) forAction(name saga.ActionName, direction saga.Direction, limit int) *semaphore {
	if limit <= 0 {
		return nil
	}
	key := limitKey{name, direction}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.actions[key] == nil {
		l.actions[key] = newSemaphore(limit)
	}
	return l.actions[key]
}
