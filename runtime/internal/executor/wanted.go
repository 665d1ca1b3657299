package executor

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
)

// Wanted yields all that ought to be in flight now, whether it is or not, in the order of the nodes. It looks
// at every node; a coordinator calls Next.
func (m *Machine) Wanted() iter.Seq[Task] {
	return func(yield func(Task) bool) {
		for i := range m.nodes {
			id, w := saga.NodeID(i), m.nodes[i].want
			if w != wantNothing && !m.isHeld(w.task(id)) && !yield(w.task(id)) {
				return
			}
		}
	}
}

// Next hands out what Wanted yields, but each task once, and only as long as it is wanted. It reports
// false if there's nothing new.
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

// Queued returns how many tasks Next may hand out now: it may be fewer.
func (m *Machine) Queued() int { return len(m.queue) - m.next }

// Requeue says of a task that Next has handed out that it is not in flight, for the machine that is to inherit what is.
func (m *Machine) Requeue(t Task) {
	if n := &m.nodes[t.Node]; n.want.task(t.Node) == t {
		n.dispatched = false
	}
}

// CopyInFlight notes that what another machine of the same saga has handed out, and not taken back, is in flight, so that Next doesn't hand
// it out again. The other one may lack the newest orders. As what is in flight has begun and not ended, no order changes that it is wanted.
func (m *Machine) CopyInFlight(other *Machine) {
	for i := range m.nodes {
		m.nodes[i].dispatched = other.nodes[i].dispatched
	}
}

// isHeld reports whether a task that is wanted must not start yet.
func (m *Machine) isHeld(t Task) bool {
	if !m.paused && !m.nodes[t.Node].breakpoint || m.Logged(t) {
		return false
	}
	return m.paused && !m.stepping || t.Direction == saga.Do && m.nodes[t.Node].breakpoint
}

// unhold lets Next look again at what it has held.
func (m *Machine) unhold() {
	m.queue, m.next = append(m.held, m.queue[m.next:]...), 0
	m.held = nil
}

func (w want) task(id saga.NodeID) Task {
	if w == wantUndo {
		return Task{Node: id, Direction: saga.Undo}
	}
	return Task{Node: id, Direction: saga.Do}
}

// setWant notes what ought to be in flight for a node. It queues what wasn't wanted before.
func (m *Machine) setWant(id saga.NodeID, w want) {
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

// enter puts a node into a state. Its neighbours learn of it from settle.
func (m *Machine) enter(id saga.NodeID, state saga.NodeState) {
	n := &m.nodes[id]
	if isClear(n.state) && !isClear(state) {
		for _, p := range m.dag.Parents(id) {
			m.nodes[p].unclear++
		}
	}
	n.state = state
	if state != saga.NodeStarted && state != saga.NodeUndoStarted {
		m.setWant(id, wantNothing)
	}
	m.settling = append(m.settling, id)
}

// settle tells the neighbours of the nodes that have entered a state, and so on, until nothing changes.
func (m *Machine) settle() {
	for len(m.settling) > 0 {
		id := m.settling[len(m.settling)-1]
		m.settling = m.settling[:len(m.settling)-1]
		switch n := &m.nodes[id]; {
		case n.state == saga.NodeSucceeded:
			children := m.dag.Children(id)
			m.queue = slices.Grow(m.queue, len(children))
			for _, c := range children {
				m.nodes[c].open--
				m.ready(c)
			}
			m.undoable(id)
		case n.state == saga.NodeIndeterminate:
			m.undoable(id)
		case n.state == saga.NodeFailed, n.state == saga.NodeUndone:
			for _, p := range m.dag.Parents(id) {
				m.nodes[p].unclear--
				m.undoable(p)
			}
		}
	}
}

// ready makes a node wanted if it can run. A structural one succeeds at once.
func (m *Machine) ready(id saga.NodeID) {
	n := &m.nodes[id]
	if m.unwinding || n.open > 0 || n.state != saga.NodePending {
		return
	}
	switch m.dag.Kind(id) {
	case saga.KindAction:
		m.setWant(id, wantDo)
		return
	case saga.KindConstant:
		m.deriveOutput(id, m.dag.Value(id))
	case saga.KindSubsagaEnd:
		m.deriveOutput(id, m.outputs[m.dag.Parents(id)[0]])
	}
	m.enter(id, saga.NodeSucceeded)
}

// deriveOutput sets the output of a structural node, unless it has that already: workers may be reading it.
func (m *Machine) deriveOutput(id saga.NodeID, output json.RawMessage) {
	if !bytes.Equal(m.outputs[id], output) {
		m.outputs[id] = output
	}
}

// undoable makes a node wanted if it can be undone. A structural one is undone at once.
func (m *Machine) undoable(id saga.NodeID) {
	n := &m.nodes[id]
	if !m.unwinding || n.unclear > 0 || n.state != saga.NodeSucceeded && n.state != saga.NodeIndeterminate {
		return
	}
	if m.dag.Kind(id) == saga.KindAction {
		m.setWant(id, wantUndo)
		return
	}
	m.enter(id, saga.NodeUndone)
}

// unwind turns the saga round.
func (m *Machine) unwind() {
	m.unwinding = true
	for i := range m.nodes {
		id := saga.NodeID(i)
		if m.nodes[i].state == saga.NodePending {
			m.setWant(id, wantNothing)
		}
		m.undoable(id)
	}
}
