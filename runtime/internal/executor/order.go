package executor

import (
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// sagaOrders are the events that are not a node's own: what an operator does to the saga, or to what may start.
var sagaOrders = map[saga.EventKind]func(*Machine, saga.Event) error{
	saga.EventCanceled: func(m *Machine, e saga.Event) error {
		if state := m.State(); m.canceled || state != saga.StateRunning && state != saga.StateUnwinding {
			return fmt.Errorf("%w: %s for a saga that is %s", ErrIllegalEvent, e.Kind, state)
		}
		m.canceled = true
		if !m.unwinding {
			m.unwind()
		}
		return nil
	},
	saga.EventPaused: func(m *Machine, e saga.Event) error {
		if m.paused || m.State().Final() {
			return fmt.Errorf("%w: %s for a saga that is paused or has ended", ErrIllegalEvent, e.Kind)
		}
		m.paused, m.stepping = true, false
		return nil
	},
	saga.EventResumed: func(m *Machine, e saga.Event) error {
		if !m.paused {
			return fmt.Errorf("%w: %s for a saga that isn't paused", ErrIllegalEvent, e.Kind)
		}
		m.paused = false
		m.unhold()
		return nil
	},
	saga.EventStepped: func(m *Machine, e saga.Event) error {
		if !m.paused {
			return fmt.Errorf("%w: %s for a saga that isn't paused", ErrIllegalEvent, e.Kind)
		}
		m.stepping = true
		m.unhold()
		return nil
	},
	saga.EventBreakpointSet: func(m *Machine, e saga.Event) error {
		n := &m.nodes[e.Node]
		if m.dag.Kind(e.Node) != saga.KindAction || n.state != saga.NodePending || n.breakpoint {
			return fmt.Errorf("%w: %s for node %d, which is no action, has started, or has one", ErrIllegalEvent, e.Kind, e.Node)
		}
		n.breakpoint = true
		return nil
	},
	saga.EventBreakpointCleared: func(m *Machine, e saga.Event) error {
		if !m.nodes[e.Node].breakpoint {
			return fmt.Errorf("%w: %s for node %d, which has none", ErrIllegalEvent, e.Kind, e.Node)
		}
		m.nodes[e.Node].breakpoint = false
		m.unhold()
		return nil
	},
	saga.EventAbandoned: func(m *Machine, e saga.Event) error {
		if !m.paused && m.State() != saga.StateStuck {
			return fmt.Errorf("%w: %s for a saga that is neither paused nor stuck", ErrIllegalEvent, e.Kind)
		}
		m.abandoned = true
		for i := range m.nodes {
			handed := m.nodes[i].dispatched
			m.setWant(saga.NodeID(i), wantNothing)
			m.nodes[i].dispatched = handed // it stays in flight: the order may come to nothing, and another machine inherit that
		}
		return nil
	},
}

// Paused reports whether nothing starts until an operator says so.
func (m *Machine) Paused() bool { return m.paused }

// Stepping reports whether one more thing may start although the saga is paused.
func (m *Machine) Stepping() bool { return m.paused && m.stepping }

// Canceled reports whether an operator made the saga unwind.
func (m *Machine) Canceled() bool { return m.canceled }

// Breakpoint reports whether the node has a breakpoint.
func (m *Machine) Breakpoint(id saga.NodeID) bool { return m.nodes[id].breakpoint }

// touched reports whether an undo of another node than this has started.
func (m *Machine) touched(except saga.NodeID) bool {
	for i := range m.nodes {
		if id := saga.NodeID(i); id == except || m.dag.Kind(id) != saga.KindAction {
			continue
		}
		switch m.nodes[i].state {
		case saga.NodeUndoStarted, saga.NodeUndone, saga.NodeUndoFailed:
			return true
		}
	}
	return false
}

// reconsider lets a saga that unwinds run again, if nothing in it has failed any more and nobody has canceled it. All
// that follows from the states of the action nodes is computed anew: first as if it ran, as the structural nodes around the
// one that is done now may have been undone already; and then, if it has to unwind all the same, it is turned round again.
func (m *Machine) reconsider() {
	m.unwinding = false
	for i := range m.nodes {
		id, n := saga.NodeID(i), &m.nodes[i]
		n.open, n.unclear = int32(len(m.dag.Parents(id))), 0
		if m.dag.Kind(id) != saga.KindAction {
			n.state = saga.NodePending
		}
		if n.state != saga.NodeStarted { // that is in flight, and has been handed out
			m.setWant(id, wantNothing)
		}
	}
	mustUnwind := m.canceled
	for i := range m.nodes {
		id := saga.NodeID(i)
		switch m.nodes[i].state {
		case saga.NodeSucceeded:
			for _, c := range m.dag.Children(id) {
				m.nodes[c].open--
			}
		case saga.NodeFailed, saga.NodeIndeterminate, saga.NodeUndoStarted, saga.NodeUndoFailed:
			mustUnwind = true
		}
		if !isClear(m.nodes[i].state) {
			for _, p := range m.dag.Parents(id) {
				m.nodes[p].unclear++
			}
		}
	}
	for i := range m.nodes {
		m.ready(saga.NodeID(i))
		m.settle()
	}
	if mustUnwind {
		m.unwind()
	}
}
