package fold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// Command is an operator command that is ready to be applied to one saga. It
// may be applied more than once; a saga that is already in the state that it
// asks for is not changed. It is immutable.
type Command struct {
	saga.Command
	id saga.ID
	// payload is the payload of the event that records the command.
	payload json.RawMessage
}

// recordedCommand is the JSON of that payload.
type recordedCommand struct {
	saga.Audit
	Output json.RawMessage `json:"output,omitempty"`
}

// NewCommand checks a command and prepares it for a saga. A supplied output is
// kept in the form in which encoding/json writes it. The error wraps
// saga.ErrInvalidCommand.
func NewCommand(id saga.ID, command saga.Command) (*Command, error) {
	if err := command.Check(); err != nil {
		return nil, fmt.Errorf("saga %s: %w", id, err)
	}
	if command.Output != nil {
		canonical, err := json.Marshal(command.Output)
		if err != nil {
			return nil, fmt.Errorf("saga %s: %w: output: %w", id, saga.ErrInvalidCommand, err)
		}
		command.Output = canonical
	}
	payload, err := json.Marshal(recordedCommand{command.Audit, command.Output})
	if err != nil {
		return nil, fmt.Errorf("saga %s: %w: %w", id, saga.ErrInvalidCommand, err)
	}
	return &Command{Command: command, id: id, payload: payload}, nil
}

// Payload returns the payload of the event that records the command. The caller
// must not change it.
func (c *Command) Payload() json.RawMessage { return c.payload }

// Apply applies the command to a saga. It returns the event that the engine has
// to append to the log, with the time at. It returns false if there is no event
// to append, because the saga is already in the state that the command asks
// for. A canceled saga is started in both cases. The error wraps
// saga.ErrWrongState or saga.ErrNodeNotFound.
func (c *Command) Apply(s *Saga, at time.Time) (event engine.Event, applied bool, err error) {
	node, err := c.findNode(s.DAG.DAG)
	if err != nil {
		return engine.Event{}, false, err
	}
	if c.isApplied(s.Machine, node) {
		// An imported log may end after a cancellation. Its saga still waits to
		// be started.
		s.Started = s.Started || c.Kind == engine.EventCanceled
		return engine.Event{}, false, nil
	}
	event = engine.Event{Seq: s.Machine.NextSeq(), Node: node, Kind: c.Kind, Payload: c.payload, At: at}
	if err := s.Apply(event); err != nil {
		return engine.Event{}, false, fmt.Errorf("saga %s: %w: %w", c.id, saga.ErrWrongState, err)
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
		if e.Kind == c.Kind && e.Node == node && (c.Output == nil || hasOutput(&e, c.Output)) {
			return nil
		}
	}
	return fmt.Errorf("saga %s: %w: its state is %s", c.id, saga.ErrWrongState, status.State)
}

// hasOutput reports whether an event records a command with that output.
func hasOutput(e *engine.Event, output json.RawMessage) bool {
	var recorded recordedCommand
	return json.Unmarshal(e.Payload, &recorded) == nil && bytes.Equal(recorded.Output, output)
}

// findNode returns the node of the command. The start node stands for the whole
// saga.
func (c *Command) findNode(dag *saga.DAG) (engine.NodeID, error) {
	if c.Node == "" {
		return dag.Start(), nil
	}
	return dag.Find(c.Node)
}

// isApplied reports whether the saga is in the state that the command asks for.
func (c *Command) isApplied(m *executor.Machine, node engine.NodeID) bool {
	switch c.Kind {
	case engine.EventCanceled:
		return m.Canceled()
	case engine.EventPaused:
		return m.Paused()
	case engine.EventResumed:
		return !m.Paused()
	case engine.EventStepped:
		return m.Stepping()
	case engine.EventBreakpointSet:
		return m.Breakpoint(node)
	case engine.EventBreakpointCleared:
		return !m.Breakpoint(node)
	case engine.EventUndoRetried:
		return m.Node(node) == engine.NodeUndoStarted || m.Node(node) == engine.NodeUndone
	case engine.EventMarkedUndone:
		return m.Node(node) == engine.NodeUndone
	case engine.EventOutputSupplied:
		return m.Node(node) == engine.NodeSucceeded && bytes.Equal(m.Outputs()[node], c.Output)
	case engine.EventAbandoned:
		return m.State() == saga.StateAbandoned
	}
	return false
}
