package fold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// Command is an operator command for one saga. It may be repeated: a saga to
// which it was applied already is not changed. NewCommand makes one. It is
// immutable.
type Command struct {
	id     saga.ID
	kind   saga.EventKind
	node   saga.NodePath
	output json.RawMessage // of an EventOutputSupplied
	// payload is the audit, as the log has it.
	payload json.RawMessage
}

// NewCommand returns the command that an event of that kind records. The node
// is empty for a command that concerns the whole saga. The output of an
// EventOutputSupplied is kept in the form in which encoding/json writes it;
// that of other kinds is dropped. The error wraps saga.ErrInvalidAudit.
func NewCommand(id saga.ID, kind saga.EventKind, node saga.NodePath, audit saga.Audit) (*Command, error) {
	supplied := kind == saga.EventOutputSupplied
	if supplied && len(audit.Output) == 0 {
		return nil, fmt.Errorf("saga %s: %w: it has no output", id, saga.ErrInvalidAudit)
	}
	if err := audit.Check(); err != nil {
		return nil, fmt.Errorf("saga %s: %w", id, err)
	}
	if !supplied {
		audit.Output = nil
	} else if canonical, err := json.Marshal(audit.Output); err == nil {
		audit.Output = canonical
	}
	payload, err := json.Marshal(audit)
	if err != nil {
		return nil, fmt.Errorf("saga %s: %w: %w", id, saga.ErrInvalidAudit, err)
	}
	return &Command{id: id, kind: kind, node: node, output: audit.Output, payload: payload}, nil
}

// Kind returns the kind of the event that records the command.
func (c *Command) Kind() saga.EventKind { return c.kind }

// Payload returns the payload of that event. The caller must not change it.
func (c *Command) Payload() json.RawMessage { return c.payload }

// Apply applies the command to a saga. It returns the event that the engine has
// to append to the log, with the time at. It returns false if there is nothing
// to append, because the saga is already in the state for which the command
// asks. The error wraps saga.ErrWrongState or saga.ErrNodeNotFound.
func (c *Command) Apply(s *Saga, at time.Time) (event saga.Event, applied bool, err error) {
	node, err := c.findNode(s.DAG.DAG)
	if err != nil || c.isApplied(s.Machine, node) {
		return saga.Event{}, false, err
	}
	event = saga.Event{Seq: s.Machine.NextSeq(), Node: node, Kind: c.kind, Payload: c.payload, At: at}
	if err := s.Apply(event); err != nil {
		return saga.Event{}, false, fmt.Errorf("saga %s: %w: %w", c.id, saga.ErrWrongState, err)
	}
	return event, true, nil
}

// Recorded returns the result of a command for a final saga, which can't
// change: nil if the log has the command. Otherwise the error wraps
// saga.ErrWrongState or saga.ErrNodeNotFound.
func (c *Command) Recorded(status *saga.Status) error {
	node, err := c.findNode(status.DAG.DAG)
	if err != nil {
		return err
	}
	for _, e := range status.Events {
		if e.Kind == c.kind && e.Node == node {
			return nil
		}
	}
	return fmt.Errorf("saga %s: %w: its state is %s", c.id, saga.ErrWrongState, status.State)
}

// findNode returns the node of the command. The start node stands for the whole
// saga.
func (c *Command) findNode(dag *saga.DAG) (saga.NodeID, error) {
	if c.node == "" {
		return dag.Start(), nil
	}
	return dag.Find(c.node)
}

// isApplied reports whether the saga is in the state for which the command
// asks.
func (c *Command) isApplied(m *executor.Machine, node saga.NodeID) bool {
	switch c.kind {
	case saga.EventCanceled:
		return m.Canceled()
	case saga.EventPaused:
		return m.Paused()
	case saga.EventResumed:
		return !m.Paused()
	case saga.EventStepped:
		return m.Stepping()
	case saga.EventBreakpointSet:
		return m.Breakpoint(node)
	case saga.EventBreakpointCleared:
		return !m.Breakpoint(node)
	case saga.EventUndoRetried:
		return m.Node(node) == saga.NodeUndoStarted || m.Node(node) == saga.NodeUndone
	case saga.EventMarkedUndone:
		return m.Node(node) == saga.NodeUndone
	case saga.EventOutputSupplied:
		return m.Node(node) == saga.NodeSucceeded && bytes.Equal(m.Outputs()[node], c.output)
	case saga.EventAbandoned:
		return m.State() == saga.StateAbandoned
	}
	return false
}
