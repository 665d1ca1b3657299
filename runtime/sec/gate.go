package sec

import (
	"slices"
	"sync"

	saga "github.com/sagagen/sagagen/runtime"
)

// gate lets at most a number of calls run at a time. Those that wait are let in saga by saga, in turn, so
// that a saga with a thousand nodes doesn't keep one with a single node waiting. Nobody waits at a gate while
// holding what somebody in front of him needs: a call passes the gate of its action first, then the coordinator's.
type gate struct {
	mu   sync.Mutex
	free int
	// turns holds the sagas that wait, each once, the next one first; waiting holds what waits of each.
	turns   []saga.ID
	waiting map[saga.ID][]chan struct{}
}

// newGate returns a gate, or nil if there is no limit. A nil gate is always open.
func newGate(limit int) *gate {
	if limit <= 0 {
		return nil
	}
	return &gate{free: limit, waiting: map[saga.ID][]chan struct{}{}}
}

// enter waits until a call of that saga may run, and returns true; or returns false if stop is closed, or the saga's life
// ends, before that.
func (g *gate) enter(s *instance, stop <-chan struct{}) bool {
	if g == nil {
		return true
	}
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return true
	}
	id := s.id
	turn := make(chan struct{})
	if len(g.waiting[id]) == 0 {
		g.turns = append(g.turns, id)
	}
	g.waiting[id] = append(g.waiting[id], turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return true
	case <-stop:
	case <-s.life.Done():
	case <-s.done:
	}
	g.giveUp(id, turn)
	return false
}

// leave lets the next one in.
func (g *gate) leave() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next()
}

func (g *gate) next() {
	if len(g.turns) == 0 {
		g.free++
		return
	}
	id := g.turns[0]
	g.turns = g.turns[1:]
	turn := g.waiting[id][0]
	g.waiting[id] = g.waiting[id][1:]
	if len(g.waiting[id]) > 0 {
		g.turns = append(g.turns, id)
	} else {
		delete(g.waiting, id)
	}
	close(turn)
}

// giveUp takes a call out of the queue, or passes its turn on if it has just come.
func (g *gate) giveUp(id saga.ID, turn chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting[id], turn)
	if i < 0 {
		g.next()
		return
	}
	g.waiting[id] = slices.Delete(g.waiting[id], i, i+1)
	if len(g.waiting[id]) == 0 {
		delete(g.waiting, id)
		g.turns = slices.DeleteFunc(g.turns, func(other saga.ID) bool { return other == id })
	}
}

// gates are the limits of a coordinator. Do and undo have gates of their own, so that neither waits for the other.
type gates struct {
	all [2]*gate // by saga.Direction
	mu  sync.Mutex
	// actions holds the gates of the actions that have a limit.
	actions map[gateKey]*gate
}

type gateKey struct {
	action    saga.ActionName
	direction saga.Direction
}

func newGates(maxActions int) *gates {
	return &gates{
		all:     [2]*gate{saga.Do: newGate(maxActions), saga.Undo: newGate(maxActions)},
		actions: map[gateKey]*gate{},
	}
}

// action returns the gate of an action; nil if it has no limit.
func (g *gates) action(name saga.ActionName, direction saga.Direction, limit int) *gate {
	if limit <= 0 {
		return nil
	}
	key := gateKey{name, direction}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.actions[key] == nil {
		g.actions[key] = newGate(limit)
	}
	return g.actions[key]
}
