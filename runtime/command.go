package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sagagen/sagagen/runtime/engine"
)

// Command is an operator command for a saga. Functions such as Cancel return
// one, and Operator.Apply applies it. A Command is a plain value: a tool can
// store it, show it for confirmation, and apply it to many sagas.
type Command struct {
	// Kind is the kind of the event that records the command in the saga's log.
	Kind engine.EventKind `json:"kind"`
	// Node is the node that the command concerns. It is empty if the command
	// concerns the whole saga. It is resolved as by DAG.Find.
	Node NodePath `json:"node,omitempty"`
	// Output is the output that SupplyOutput sets.
	Output json.RawMessage `json:"output,omitempty"`
	// Audit says who issues the command and why.
	Audit
}

// Audit says who issued an operator command and why. It is recorded in the
// saga's log with the command.
type Audit struct {
	// By names the operator. Required.
	By string `json:"by"`
	// Reason is why the operator issued the command. Required.
	Reason string `json:"reason"`
}

// ErrInvalidCommand is returned for a Command that lacks a part, such as the
// reason, has an output that is not JSON, or has text that is not UTF-8.
var ErrInvalidCommand = errors.New("invalid command")

// Cancel returns the command that makes a saga unwind: nothing more starts, and
// what has run is undone. A do function that waits for a limit is not called. A
// saga that unwinds already isn't changed, but SupplyOutput can't make it run
// forward again. A stuck or final saga can't be canceled.
func Cancel(audit Audit) Command { return Command{Kind: engine.EventCanceled, Audit: audit} }

// Pause returns the command that keeps a saga from starting any do or undo.
// What has started continues and is recorded, even if it waits for a limit or
// for its next attempt.
func Pause(audit Audit) Command { return Command{Kind: engine.EventPaused, Audit: audit} }

// Resume returns the command that resumes a paused saga. It does nothing to a
// saga that isn't paused.
func Resume(audit Audit) Command { return Command{Kind: engine.EventResumed, Audit: audit} }

// Step returns the command that lets a paused saga start one do or undo. Until
// it has started one, further Steps change nothing. The saga must be paused.
func Step(audit Audit) Command { return Command{Kind: engine.EventStepped, Audit: audit} }

// SetBreakpoint returns the command that keeps a node from starting until
// ClearBreakpoint. Other nodes continue. The node must run an action that has
// not started.
func SetBreakpoint(node NodePath, audit Audit) Command {
	return Command{Kind: engine.EventBreakpointSet, Node: node, Audit: audit}
}

// ClearBreakpoint returns the command that lets a node with a breakpoint start.
func ClearBreakpoint(node NodePath, audit Audit) Command {
	return Command{Kind: engine.EventBreakpointCleared, Node: node, Audit: audit}
}

// RetryUndo returns the command that calls the undo of a node again after it
// has failed permanently, with all attempts of its policy. It does so even if
// the saga is paused.
func RetryUndo(node NodePath, audit Audit) Command {
	return Command{Kind: engine.EventUndoRetried, Node: node, Audit: audit}
}

// MarkUndone returns the command that records that the effect of a node is
// undone, after its undo has failed permanently. The saga continues to unwind.
func MarkUndone(node NodePath, audit Audit) Command {
	return Command{Kind: engine.EventMarkedUndone, Node: node, Audit: audit}
}

// SupplyOutput returns the command that records that a node has succeeded with
// that output, although it failed, its outcome is unknown, or its undo failed.
// If no other node has failed, the saga runs forward again. The output is JSON;
// it is recorded in the form in which encoding/json writes it. The saga must be
// paused or stuck, and no other undo may have started.
func SupplyOutput(node NodePath, output json.RawMessage, audit Audit) Command {
	return Command{Kind: engine.EventOutputSupplied, Node: node, Output: output, Audit: audit}
}

// Abandon returns the command that ends a saga as it is, without undoing
// anything more. The saga must be paused, stuck or parked. A call that is in
// flight is not interrupted, but its outcome is not recorded, and it is not
// repeated.
func Abandon(audit Audit) Command { return Command{Kind: engine.EventAbandoned, Audit: audit} }

// commands holds the name of each command, and what it needs.
var commands = map[engine.EventKind]struct {
	name         string
	node, output bool
}{
	engine.EventCanceled:          {name: "cancel"},
	engine.EventPaused:            {name: "pause"},
	engine.EventResumed:           {name: "resume"},
	engine.EventStepped:           {name: "step"},
	engine.EventBreakpointSet:     {name: "set breakpoint", node: true},
	engine.EventBreakpointCleared: {name: "clear breakpoint", node: true},
	engine.EventUndoRetried:       {name: "retry undo", node: true},
	engine.EventMarkedUndone:      {name: "mark undone", node: true},
	engine.EventOutputSupplied:    {name: "supply output", node: true, output: true},
	engine.EventAbandoned:         {name: "abandon"},
}

// Check returns an error that wraps ErrInvalidCommand if the command is
// incomplete, or can't be recorded as it is. It can't tell whether a saga
// allows the command.
func (c Command) Check() error {
	needs, ok := commands[c.Kind]
	switch {
	case !ok:
		return fmt.Errorf("%w: %s is not the kind of a command; make commands with functions such as saga.Cancel",
			ErrInvalidCommand, c.Kind)
	case needs.node && c.Node == "":
		return fmt.Errorf("%w: %s: Node is empty", ErrInvalidCommand, c)
	case !needs.node && c.Node != "":
		return fmt.Errorf("%w: %s: it concerns the whole saga, but Node is set", ErrInvalidCommand, c)
	case needs.output && len(c.Output) == 0:
		return fmt.Errorf("%w: %s: Output is empty", ErrInvalidCommand, c)
	case !needs.output && c.Output != nil:
		return fmt.Errorf("%w: %s: it takes no output, but Output is set", ErrInvalidCommand, c)
	case c.Output != nil && (!json.Valid(c.Output) || !utf8.Valid(c.Output)):
		return fmt.Errorf("%w: %s: Output is not JSON: %.100q", ErrInvalidCommand, c, Redact(c.Output))
	case strings.TrimSpace(c.By) == "":
		return fmt.Errorf("%w: %s: Audit.By is empty; say who issues the command", ErrInvalidCommand, c)
	case strings.TrimSpace(c.Reason) == "":
		return fmt.Errorf("%w: %s: Audit.Reason is empty; say why", ErrInvalidCommand, c)
	case !utf8.ValidString(c.By), !utf8.ValidString(c.Reason):
		return fmt.Errorf("%w: %s: By %q or Reason %.100q is not UTF-8", ErrInvalidCommand, c, c.By, c.Reason)
	}
	return nil
}

// String returns the command for people, as in `retry undo of "hotel"`. It
// leaves out the output and the audit.
func (c Command) String() string {
	name := commands[c.Kind].name
	if name == "" {
		name = c.Kind.String()
	}
	if c.Node == "" {
		return name
	}
	return fmt.Sprintf("%s of %q", name, string(c.Node))
}

// auditOf decodes the payload of an operator command. If that fails, it returns
// an Audit whose Reason says so.
func auditOf(e *engine.Event) Audit {
	var a Audit
	if err := json.Unmarshal(e.Payload, &a); err != nil {
		a.Reason = fmt.Sprintf("unreadable audit: %.100q", Redact(e.Payload))
	}
	return a
}
