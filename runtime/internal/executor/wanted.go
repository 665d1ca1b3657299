package executor

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Wanted returns all tasks that should be in flight now, whether they are or
// not, in the order of the nodes. It scans all nodes; coordinators call Next
// instead.
func (m *Machine) Wanted() iter.Seq[Task] {
	return func(yield func(Task) bool) {
		for i := range m.nodes {
			id, w := engine.NodeID(i), m.nodes[i].want
			if w != wantNothing && !m.isHeld(w.task(id)) && !yield(w.task(id)) {
				return
			}
		}
	}
}

// Next dispatches a task: it returns a wanted task that it has not returned
// before. It returns false if there is none.
func (m *Machine) Next() (Task, bool) {
	for m.next < len(m.queue) {
		id := m.queue[m.next]
		m.next++
		n := &m.nodes[id]
		switch t := n.want.task(id); {
		case n.want == wantNothing || n.dispatched:
			n.queued = false
		case m.isHeld(t):
			m.held = append(m.held, id)
		default:
			n.queued, n.dispatched = false, true
			return t, true
		}
	}
	m.queue, m.next = m.queue[:0], 0
	return Task{}, false
}

// Queued returns the maximum number of tasks that Next can dispatch now.
func (m *Machine) Queued() int { return len(m.queue) - m.next }

// Requeue marks a dispatched task as not in flight. CopyInFlight of another
// machine then doesn't copy it, so that machine dispatches the task again. Next
// of this machine doesn't.
func (m *Machine) Requeue(t Task) {
	if n := &m.nodes[t.Node]; n.want.task(t.Node) == t {
		n.dispatched = false
	}
}

// CopyInFlight marks the tasks that are in flight in another machine of the
// same saga as dispatched, so Next doesn't dispatch them again. The other
// machine may lack the newest commands. That is safe: a task in flight has
// started and not finished, and no command but an abandon changes that it is
// wanted.
func (m *Machine) CopyInFlight(other *Machine) {
	for i := range m.nodes {
		m.nodes[i].dispatched = other.nodes[i].dispatched
	}
}

// isHeld reports whether a pause or a breakpoint keeps a wanted task from
// starting. A task that is logged as started is never held.
func (m *Machine) isHeld(t Task) bool {
	if !m.paused && !m.nodes[t.Node].breakpoint || m.Logged(t) {
		return false
	}
	return m.paused && !m.stepping || t.Direction == saga.Do && m.nodes[t.Node].breakpoint
}

// requeueHeld makes Next examine the held nodes again.
func (m *Machine) requeueHeld() {
	m.queue, m.next = append(m.held, m.queue[m.next:]...), 0
	m.held = nil
}

func (w want) task(id engine.NodeID) Task {
	if w == wantUndo {
		return Task{Node: id, Direction: saga.Undo}
	}
	return Task{Node: id, Direction: saga.Do}
}

// setWant sets the wanted task of a node and queues the node if the task is
// new.
func (m *Machine) setWant(id engine.NodeID, w want) {
	n := &m.nodes[id]
	if n.want == w {
		return
	}
	if n.want != wantNothing {
		m.wanted--
	}
	n.want, n.dispatched = w, false
	if w == wantNothing {
		return
	}
	m.wanted++
	if !n.queued {
		n.queued = true
		m.queue = append(m.queue, id)
	}
}

// setState sets the state of a node. The caller must call propagate afterwards
// to update the neighbors.
func (m *Machine) setState(id engine.NodeID, state engine.NodeState) {
	n := &m.nodes[id]
	if isClear(n.state) && !isClear(state) {
		for _, p := range m.dag.Parents(id) {
			m.nodes[p].unclear++
		}
	}
	n.state = state
	if state != engine.NodeStarted && state != engine.NodeUndoStarted {
		m.setWant(id, wantNothing)
	}
	m.changed = append(m.changed, id)
}

// propagate updates the neighbors of changed nodes, transitively, until nothing
// changes.
func (m *Machine) propagate() {
	for len(m.changed) > 0 {
		id := m.changed[len(m.changed)-1]
		m.changed = m.changed[:len(m.changed)-1]
		switch n := &m.nodes[id]; {
		case n.state == engine.NodeSucceeded:
			children := m.dag.Children(id)
			m.queue = slices.Grow(m.queue, len(children))
			for _, c := range children {
				m.nodes[c].open--
				m.startIfReady(c)
			}
			m.undoIfClear(id)
		case n.state == engine.NodeIndeterminate:
			m.undoIfClear(id)
		case n.state == engine.NodeFailed, n.state == engine.NodeUndone:
			for _, p := range m.dag.Parents(id) {
				m.nodes[p].unclear--
				m.undoIfClear(p)
			}
		}
	}
}

// startIfReady makes the do of a node wanted if it can run. A structural node
// succeeds immediately.
func (m *Machine) startIfReady(id engine.NodeID) {
	n := &m.nodes[id]
	if m.unwinding || n.open > 0 || n.state != engine.NodePending {
		return
	}
	switch m.dag.Kind(id) {
	case engine.KindAction:
		m.setWant(id, wantDo)
		return
	case engine.KindConstant:
		m.setDerivedOutput(id, m.dag.Value(id))
	case engine.KindSubsagaEnd:
		m.setDerivedOutput(id, m.outputs[m.dag.Parents(id)[0]])
	}
	m.setState(id, engine.NodeSucceeded)
}

// setDerivedOutput sets the output of a structural node. It writes nothing if
// the output is the same, because workers may be reading it.
func (m *Machine) setDerivedOutput(id engine.NodeID, output json.RawMessage) {
	if !bytes.Equal(m.outputs[id], output) {
		m.outputs[id] = output
	}
}

// undoIfClear makes the undo of a node wanted if all its children are clear. A
// structural node is undone immediately.
func (m *Machine) undoIfClear(id engine.NodeID) {
	n := &m.nodes[id]
	if !m.unwinding || n.unclear > 0 || n.state != engine.NodeSucceeded && n.state != engine.NodeIndeterminate {
		return
	}
	if m.dag.Kind(id) == engine.KindAction {
		m.setWant(id, wantUndo)
		return
	}
	m.setState(id, engine.NodeUndone)
}

// unwind turns the saga around.
func (m *Machine) unwind() {
	m.unwinding = true
	for i := range m.nodes {
		id := engine.NodeID(i)
		if m.nodes[i].state == engine.NodePending {
			m.setWant(id, wantNothing)
		}
		m.undoIfClear(id)
	}
}
