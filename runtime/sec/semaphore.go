package sec

import (
	"slices"
	"sync"

	saga "github.com/sagagen/sagagen/runtime"
)

// gate lets at most a number of calls run at a time. Those that wait are let in saga by saga, in turn, so
// that a saga with a thousand nodes doesn't keep one with a single node waiting. Nobody waits at a gate while
// holding what somebody in front of him needs: a call passes the gate of its action first, then the coordinator's.
type semaphore struct {
	mu   sync.Mutex
	free int
	// turns holds the sagas that wait, each once, the next one first; waiting holds what waits of each.
	queue   []saga.ID
	waiters map[saga.ID][]chan struct{}
}

// newGate returns a gate, or nil if there is no limit. A nil gate is always open.
func newSemaphore(limit int) *semaphore {
	if limit <= 0 {
		return nil
	}
	return &semaphore{free: limit, waiters: map[saga.ID][]chan struct{}{}}
}

// enter waits until a call of that saga may run, and returns true; or returns false if stop is closed, or the saga's life
// ends, before that.
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

// leave lets the next one in.
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

// giveUp takes a call out of the queue, or passes its turn on if it has just come.
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

// gates are the limits of a coordinator. Do and undo have gates of their own, so that neither waits for the other.
type limits struct {
	total [2]*semaphore // by saga.Direction
	mu    sync.Mutex
	// actions holds the gates of the actions that have a limit.
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

// action returns the gate of an action; nil if it has no limit.
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
