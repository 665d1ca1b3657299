package executor

import (
	"encoding/json"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Machine is the state of one saga. It is not safe for concurrent use; the
// goroutine that drives the saga owns it.
//
// All calls of Apply and Next together cost amortized O(1) per edge of the DAG:
// the machine keeps counters and visits neighbors only. It scans all nodes when
// the saga begins to unwind, is abandoned, or gets a supplied output.
type Machine struct {
	dag     *saga.DAG
	nodes   []node
	outputs []json.RawMessage

	nextSeq   uint64
	unwinding bool
	canceled  bool
	abandoned bool
	// paused says that no task starts; stepping, that one task may.
	paused, stepping bool
	// wanted counts the nodes with a wanted task.
	wanted int
	// queue holds, from index next on, the nodes with a wanted task that Next
	// has not dispatched. Next skips nodes whose task is no longer wanted.
	queue []engine.NodeID
	next  int
	// held holds nodes that Next removed from the queue but may not dispatch,
	// because of a pause or a breakpoint.
	held []engine.NodeID
	// changed holds the nodes with a new state that propagate has not
	// processed. It replaces a recursion along chains of structural nodes.
	changed []engine.NodeID
	// queueRoom and changedRoom are the initial memory of queue and changed.
	// Their size suffices for most sagas.
	queueRoom, changedRoom [4]engine.NodeID
}

type node struct {
	state engine.NodeState
	want  want
	// dispatched says that Next has dispatched the wanted task; queued, that
	// the node is in queue or held.
	dispatched, queued bool
	breakpoint         bool
	// open counts the parents that have not succeeded.
	open int32
	// unclear counts the children that are not clear.
	unclear int32
}

// want is the task that should be in flight for a node.
type want uint8

const (
	wantNothing want = iota
	wantDo
	wantUndo
)

// Task is one do or undo of a node.
type Task struct {
	Node      engine.NodeID
	Direction saga.Direction
}

// New returns the machine of a saga without events.
func New(dag *saga.DAG) *Machine {
	m := &Machine{dag: dag, nodes: make([]node, dag.Len()), outputs: make([]json.RawMessage, dag.Len())}
	m.queue, m.changed = m.queueRoom[:0], m.changedRoom[:0]
	for i := range m.nodes {
		m.nodes[i].open = int32(len(dag.Parents(engine.NodeID(i))))
	}
	m.startIfReady(dag.Start())
	m.propagate()
	return m
}

// Replay returns the machine of a saga with these events. It returns the error
// of the first event that Apply rejects.
func Replay(dag *saga.DAG, events []engine.Event) (*Machine, error) {
	m := New(dag)
	for _, e := range events {
		if err := m.Apply(e); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Apply applies the next event. If the event is illegal, Apply returns an error
// that wraps ErrIllegalEvent and changes nothing.
func (m *Machine) Apply(e engine.Event) error {
	err := m.checkPlace(e)
	if err == nil {
		if command, ok := sagaCommands[e.Kind]; ok {
			err = command(m, e)
		} else {
			err = m.applyToNode(e)
		}
	}
	if err != nil {
		return fmt.Errorf("saga %q: event %d: %w", m.dag.Name(), e.Seq, err)
	}
	m.nextSeq++
	m.propagate()
	return nil
}

// checkPlace checks what doesn't depend on the state of a node.
func (m *Machine) checkPlace(e engine.Event) error {
	switch {
	case e.Seq != m.nextSeq:
		return fmt.Errorf("%w: event %d is next", ErrIllegalEvent, m.nextSeq)
	case !m.dag.Contains(e.Node):
		return fmt.Errorf("%w: the DAG has no node %d", ErrIllegalEvent, e.Node)
	case m.State().Final():
		return fmt.Errorf("%w: %s for a saga that is %s", ErrIllegalEvent, e.Kind, m.State())
	}
	return nil
}

// applyToNode applies an event of the transition table.
func (m *Machine) applyToNode(e engine.Event) error {
	if kind := m.dag.Kind(e.Node); kind != engine.KindAction {
		return fmt.Errorf("%w: %s for node %d, a %s, which has no events", ErrIllegalEvent, e.Kind, e.Node, kind)
	}
	n := &m.nodes[e.Node]
	t, ok := transition(n.state, e.Kind)
	if !ok {
		return fmt.Errorf("%w: %s for node %q, which is %s", ErrIllegalEvent, e.Kind, m.dag.Path(e.Node), n.state)
	}
	if !m.meets(t.When, e.Node) {
		return fmt.Errorf("%w: %s for node %q, allowed only if %s", ErrIllegalEvent, e.Kind, m.dag.Path(e.Node), t.When)
	}
	switch e.Kind {
	case engine.EventStarted, engine.EventUndoStarted:
		if m.isHeld(n.want.task(e.Node)) {
			return fmt.Errorf("%w: %s for node %q, which a pause or a breakpoint holds",
				ErrIllegalEvent, e.Kind, m.dag.Path(e.Node))
		}
		m.stepping = false
	case engine.EventSucceeded:
		m.setOutput(e.Node, e.Payload)
	case engine.EventOutputSupplied:
		var supplied struct{ Output json.RawMessage }
		if err := json.Unmarshal(e.Payload, &supplied); err != nil {
			return fmt.Errorf("%w: %s for node %q: %w", ErrIllegalEvent, e.Kind, m.dag.Path(e.Node), err)
		}
		m.setOutput(e.Node, supplied.Output)
	}
	m.setState(e.Node, t.To)
	switch {
	case e.Kind == engine.EventUndoRetried:
		m.setWant(e.Node, wantUndo)
	case e.Kind == engine.EventOutputSupplied:
		m.propagate()
		m.recompute()
	case !m.unwinding && (t.To == engine.NodeFailed || t.To == engine.NodeIndeterminate):
		m.unwind()
	}
	return nil
}

func (m *Machine) meets(c Condition, id engine.NodeID) bool {
	switch c {
	case Ready:
		return m.nodes[id].want == wantDo
	case Undoable:
		return m.nodes[id].want == wantUndo
	case NoUndoStarted:
		return (m.paused || m.State() == saga.StateStuck) && !m.otherUndoStarted(id)
	}
	return true
}

func (m *Machine) setOutput(id engine.NodeID, output json.RawMessage) {
	if len(output) == 0 {
		output = json.RawMessage("null")
	}
	m.outputs[id] = output
}

// State returns the state of the saga. It is never saga.StateCreated, because
// the log doesn't record whether a saga was started.
func (m *Machine) State() saga.State {
	switch {
	case m.abandoned:
		return saga.StateAbandoned
	case m.nodes[m.dag.End()].state == engine.NodeSucceeded:
		return saga.StateSucceeded
	case !m.unwinding:
		return saga.StateRunning
	case m.nodes[m.dag.Start()].state == engine.NodeUndone:
		return saga.StateFailed
	case m.wanted == 0:
		return saga.StateStuck
	}
	return saga.StateUnwinding
}

// Node returns the state of a node.
func (m *Machine) Node(id engine.NodeID) engine.NodeState { return m.nodes[id].state }

// States returns the states of all nodes, indexed by NodeID.
func (m *Machine) States() []engine.NodeState {
	states := make([]engine.NodeState, len(m.nodes))
	for i := range m.nodes {
		states[i] = m.nodes[i].state
	}
	return states
}

// NextSeq returns the sequence number of the next event.
func (m *Machine) NextSeq() uint64 { return m.nextSeq }

// Outputs returns the known outputs, indexed by NodeID. An element is set
// before a task that depends on it is wanted, and doesn't change while such a
// task is in flight. So an action may read the elements of its ancestors while
// the owner applies further events.
func (m *Machine) Outputs() []json.RawMessage { return m.outputs }

// Logged reports whether the log already contains the event that starts the
// task.
func (m *Machine) Logged(t Task) bool {
	state := m.nodes[t.Node].state
	return state == engine.NodeStarted || state == engine.NodeUndoStarted
}

// isClear reports whether a node in that state needs no undo.
func isClear(s engine.NodeState) bool {
	return s == engine.NodePending || s == engine.NodeFailed || s == engine.NodeUndone
}
