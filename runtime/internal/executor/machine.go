package executor

import (
	"encoding/json"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Machine is the state of one saga. It is not safe for concurrent use; its owner is the saga's goroutine.
//
// All its methods together cost O(1) amortised for each edge of the DAG: they keep counters and look at
// neighbours, and scan the nodes once, when the saga begins to unwind.
type Machine struct {
	dag     *saga.DAG
	nodes   []node
	outputs []json.RawMessage

	nextSeq   uint64
	unwinding bool
	canceled  bool
	abandoned bool
	// paused says that nothing starts; stepping, that one thing may.
	paused, stepping bool
	// wanted counts the nodes whose want isn't nothing.
	wanted int
	// queue holds, from next on, the nodes for which something has become wanted that Next has not handed out. One for
	// which nothing is wanted any more is skipped there.
	queue []saga.NodeID
	next  int
	// held holds what Next has found in the queue and may not hand out, as the saga is paused or there is a breakpoint.
	held []saga.NodeID
	// settling holds the nodes whose neighbours have yet to be told of their new state. It
	// takes the place of a recursion along chains of structural nodes.
	settling []saga.NodeID
	// queueRoom and settlingRoom are what queue and settling have at first, which is enough for most sagas.
	queueRoom, settlingRoom [4]saga.NodeID
}

type node struct {
	state saga.NodeState
	want  want
	// dispatched says that Next has dispatched out what is wanted; queued that the node is in queue or held.
	dispatched, queued bool
	breakpoint         bool
	// open counts the parents that have not succeeded.
	open int32
	// unclear counts the children that are not clear.
	unclear int32
}

// want says what ought to be in flight for a node.
type want uint8

const (
	wantNothing want = iota
	wantDo
	wantUndo
)

// Task is something that ought to be in flight.
type Task struct {
	Node      saga.NodeID
	Direction saga.Direction
}

// New returns the machine of a saga without events.
func New(dag *saga.DAG) *Machine {
	m := &Machine{dag: dag, nodes: make([]node, dag.Len()), outputs: make([]json.RawMessage, dag.Len())}
	m.queue, m.settling = m.queueRoom[:0], m.settlingRoom[:0]
	for i := range m.nodes {
		m.nodes[i].open = int32(len(dag.Parents(saga.NodeID(i))))
	}
	m.ready(dag.Start())
	m.settle()
	return m
}

// Replay returns the machine of a saga with these events.
func Replay(dag *saga.DAG, events []saga.Event) (*Machine, error) {
	m := New(dag)
	for _, e := range events {
		if err := m.Apply(e); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Apply takes the saga from one state to the next. On an error, which wraps ErrIllegalEvent, nothing has changed.
func (m *Machine) Apply(e saga.Event) error {
	err := m.checkPlace(e)
	if err == nil {
		if order, ok := sagaOrders[e.Kind]; ok {
			err = order(m, e)
		} else {
			err = m.applyToNode(e)
		}
	}
	if err != nil {
		return fmt.Errorf("saga %q: event %d: %w", m.dag.Name(), e.Seq, err)
	}
	m.nextSeq++
	m.settle()
	return nil
}

// checkPlace checks what doesn't depend on the state of a node.
func (m *Machine) checkPlace(e saga.Event) error {
	switch {
	case e.Seq != m.nextSeq:
		return fmt.Errorf("%w: event %d is next", ErrIllegalEvent, m.nextSeq)
	case !m.dag.Contains(e.Node):
		return fmt.Errorf("%w: there is no node %d", ErrIllegalEvent, e.Node)
	case m.State().Final():
		return fmt.Errorf("%w: %s for a saga that is %s", ErrIllegalEvent, e.Kind, m.State())
	}
	return nil
}

// applyToNode applies an event of the table.
func (m *Machine) applyToNode(e saga.Event) error {
	if kind := m.dag.Kind(e.Node); kind != saga.KindAction {
		return fmt.Errorf("%w: %s for node %d, a %s, which has no events", ErrIllegalEvent, e.Kind, e.Node, kind)
	}
	n := &m.nodes[e.Node]
	t, ok := transition(n.state, e.Kind)
	if !ok {
		return fmt.Errorf("%w: %s for node %q, which is %s", ErrIllegalEvent, e.Kind, m.dag.Path(e.Node), n.state)
	}
	if !m.holds(t.When, e.Node) {
		return fmt.Errorf("%w: %s for node %q, allowed only if %s", ErrIllegalEvent, e.Kind, m.dag.Path(e.Node), t.When)
	}
	switch e.Kind {
	case saga.EventStarted, saga.EventUndoStarted:
		if m.isHeld(n.want.task(e.Node)) {
			return fmt.Errorf("%w: %s for node %q, which is held by a pause or a breakpoint", ErrIllegalEvent, e.Kind, m.dag.Path(e.Node))
		}
		m.stepping = false
	case saga.EventSucceeded:
		m.setOutput(e.Node, e.Payload)
	case saga.EventOutputSupplied:
		var order saga.Audit
		if err := json.Unmarshal(e.Payload, &order); err != nil {
			return fmt.Errorf("%w: %s for node %q: %w", ErrIllegalEvent, e.Kind, m.dag.Path(e.Node), err)
		}
		m.setOutput(e.Node, order.Output)
	}
	m.enter(e.Node, t.To)
	switch {
	case e.Kind == saga.EventUndoRetried:
		m.setWant(e.Node, wantUndo)
	case e.Kind == saga.EventOutputSupplied:
		m.settle()
		m.reconsider()
	case !m.unwinding && (t.To == saga.NodeFailed || t.To == saga.NodeIndeterminate):
		m.unwind()
	}
	return nil
}

func (m *Machine) holds(c Condition, id saga.NodeID) bool {
	switch c {
	case Ready:
		return m.nodes[id].want == wantDo
	case Undoable:
		return m.nodes[id].want == wantUndo
	case Untouched:
		return (m.paused || m.State() == saga.StateStuck) && !m.touched(id)
	}
	return true
}

func (m *Machine) setOutput(id saga.NodeID, output json.RawMessage) {
	if len(output) == 0 {
		output = json.RawMessage("null")
	}
	m.outputs[id] = output
}

// State returns the state of the saga. It is never saga.StateCreated, of which a log knows nothing.
func (m *Machine) State() saga.State {
	switch {
	case m.abandoned:
		return saga.StateAbandoned
	case m.nodes[m.dag.End()].state == saga.NodeSucceeded:
		return saga.StateSucceeded
	case !m.unwinding:
		return saga.StateRunning
	case m.nodes[m.dag.Start()].state == saga.NodeUndone:
		return saga.StateFailed
	case m.wanted == 0:
		return saga.StateStuck
	}
	return saga.StateUnwinding
}

// Node returns the state of a node.
func (m *Machine) Node(id saga.NodeID) saga.NodeState { return m.nodes[id].state }

// States returns the state of each node, by its NodeID.
func (m *Machine) States() []saga.NodeState {
	states := make([]saga.NodeState, len(m.nodes))
	for i := range m.nodes {
		states[i] = m.nodes[i].state
	}
	return states
}

// NextSeq returns the number that the next event must have.
func (m *Machine) NextSeq() uint64 { return m.nextSeq }

// Outputs holds the output of each node that has one, by its NodeID. An element is set before anything that
// depends on it is wanted, and doesn't change while that is in flight; so an action may read its ancestors'
// elements while the machine goes on.
func (m *Machine) Outputs() []json.RawMessage { return m.outputs }

// Logged reports whether the event that begins the task is in the log.
func (m *Machine) Logged(t Task) bool {
	state := m.nodes[t.Node].state
	return state == saga.NodeStarted || state == saga.NodeUndoStarted
}

// isClear reports whether nothing of the node is left to be undone.
func isClear(s saga.NodeState) bool {
	return s == saga.NodePending || s == saga.NodeFailed || s == saga.NodeUndone
}
