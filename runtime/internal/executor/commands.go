package executor

import (
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// sagaCommands apply the operator commands that concern the whole saga, or what
// may start. The other commands are in the transition table.
var sagaCommands = map[engine.EventKind]func(*Machine, engine.Event) error{
	engine.EventCanceled: func(m *Machine, e engine.Event) error {
		if state := m.State(); m.canceled || state != saga.StateRunning && state != saga.StateUnwinding {
			return fmt.Errorf("%w: %s for a saga that is %s", ErrIllegalEvent, e.Kind, state)
		}
		m.canceled = true
		if !m.unwinding {
			m.unwind()
		}
		return nil
	},
	engine.EventPaused: func(m *Machine, e engine.Event) error {
		if m.paused {
			return fmt.Errorf("%w: %s for a saga that is already paused", ErrIllegalEvent, e.Kind)
		}
		m.paused, m.stepping = true, false
		return nil
	},
	engine.EventResumed: func(m *Machine, e engine.Event) error {
		if !m.paused {
			return fmt.Errorf("%w: %s for a saga that isn't paused", ErrIllegalEvent, e.Kind)
		}
		m.paused = false
		m.requeueHeld()
		return nil
	},
	engine.EventStepped: func(m *Machine, e engine.Event) error {
		if !m.paused {
			return fmt.Errorf("%w: %s for a saga that isn't paused", ErrIllegalEvent, e.Kind)
		}
		m.stepping = true
		m.requeueHeld()
		return nil
	},
	engine.EventBreakpointSet: func(m *Machine, e engine.Event) error {
		n := &m.nodes[e.Node]
		if m.dag.Kind(e.Node) != engine.KindAction || n.state != engine.NodePending || n.breakpoint {
			return fmt.Errorf("%w: %s for node %d, which is not an action, has started, or has a breakpoint",
				ErrIllegalEvent, e.Kind, e.Node)
		}
		n.breakpoint = true
		return nil
	},
	engine.EventBreakpointCleared: func(m *Machine, e engine.Event) error {
		if !m.nodes[e.Node].breakpoint {
			return fmt.Errorf("%w: %s for node %d, which has no breakpoint", ErrIllegalEvent, e.Kind, e.Node)
		}
		m.nodes[e.Node].breakpoint = false
		m.requeueHeld()
		return nil
	},
	engine.EventAbandoned: func(m *Machine, e engine.Event) error {
		if !m.paused && m.State() != saga.StateStuck {
			return fmt.Errorf("%w: %s for a saga that is neither paused nor stuck", ErrIllegalEvent, e.Kind)
		}
		m.abandoned = true
		for i := range m.nodes {
			// A dispatched task stays in flight. If the command doesn't become
			// durable, the machine that replaces this one copies the flag.
			dispatched := m.nodes[i].dispatched
			m.setWant(engine.NodeID(i), wantNothing)
			m.nodes[i].dispatched = dispatched
		}
		return nil
	},
}

// Paused reports whether the saga is paused.
func (m *Machine) Paused() bool { return m.paused }

// Stepping reports whether one more task of the paused saga may start.
func (m *Machine) Stepping() bool { return m.paused && m.stepping }

// Canceled reports whether an operator canceled the saga.
func (m *Machine) Canceled() bool { return m.canceled }

// Breakpoint reports whether the node has a breakpoint.
func (m *Machine) Breakpoint(id engine.NodeID) bool { return m.nodes[id].breakpoint }

// otherUndoStarted reports whether an undo of a node other than except has
// started.
func (m *Machine) otherUndoStarted(except engine.NodeID) bool {
	for i := range m.nodes {
		if id := engine.NodeID(i); id == except || m.dag.Kind(id) != engine.KindAction {
			continue
		}
		switch m.nodes[i].state {
		case engine.NodeUndoStarted, engine.NodeUndone, engine.NodeUndoFailed:
			return true
		}
	}
	return false
}

// recompute derives all counters, structural states and wanted tasks from the
// states of the action nodes, after an output was supplied. The saga runs
// forward again if it has no other failure and was not canceled. The
// computation first assumes that it does, because structural nodes around the
// supplied one may already be undone; if the saga must unwind, it is turned
// around again at the end.
func (m *Machine) recompute() {
	m.unwinding = false
	for i := range m.nodes {
		id, n := engine.NodeID(i), &m.nodes[i]
		n.open, n.unclear = int32(len(m.dag.Parents(id))), 0
		if m.dag.Kind(id) != engine.KindAction {
			n.state = engine.NodePending
		}
		if n.state != engine.NodeStarted { // a started task stays in flight
			m.setWant(id, wantNothing)
		}
	}
	mustUnwind := m.canceled
	for i := range m.nodes {
		id := engine.NodeID(i)
		switch m.nodes[i].state {
		case engine.NodeSucceeded:
			for _, c := range m.dag.Children(id) {
				m.nodes[c].open--
			}
		case engine.NodeFailed, engine.NodeIndeterminate, engine.NodeUndoStarted, engine.NodeUndoFailed:
			mustUnwind = true
		}
		if !isClear(m.nodes[i].state) {
			for _, p := range m.dag.Parents(id) {
				m.nodes[p].unclear++
			}
		}
	}
	for i := range m.nodes {
		m.startIfReady(engine.NodeID(i))
		m.propagate()
	}
	if mustUnwind {
		m.unwind()
	}
}
