package engine

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// Event is one entry in the log of a saga. The DAG and the events, in the order
// of Seq, determine the state of the saga completely.
type Event struct {
	// Seq counts the events of a saga from 0, without gaps.
	Seq uint64
	// Node is the node that the event concerns; the start node if it concerns
	// the whole saga.
	Node NodeID
	// Kind says what happened.
	Kind EventKind
	// Payload is JSON that depends on the kind: the output for EventSucceeded;
	// a saga.ActionError for EventFailed, EventIndeterminate and
	// EventUndoFailed; a saga.Audit for operator commands, for
	// EventOutputSupplied with the additional member "output". It is empty for
	// the others. It may contain secrets; see saga.Redact.
	Payload json.RawMessage
	// At is when the coordinator recorded the event, by the clock of its
	// machine. It is for people; no decision depends on it.
	At time.Time
}

// LogValue implements slog.LogValuer. It returns the number, the node and the
// kind of the event.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Uint64("seq", e.Seq),
		slog.Int("node", int(e.Node)),
		slog.String("kind", e.Kind.String()),
	)
}

// EventKind is the kind of an Event.
type EventKind uint8

// The kinds of events. Stores record their numbers, which never change.
const (
	// EventStarted: the do function is about to be called.
	EventStarted EventKind = 1
	// EventSucceeded: the do function returned its output.
	EventSucceeded EventKind = 2
	// EventFailed: the do function failed and changed nothing.
	EventFailed EventKind = 3
	// EventIndeterminate: the outcome of the do function is unknown. It
	// panicked, failed after its timeout, or returned an error marked
	// saga.Indeterminate.
	EventIndeterminate EventKind = 4
	// EventUndoStarted: the undo function is about to be called.
	EventUndoStarted EventKind = 5
	// EventUndoFinished: the undo function succeeded.
	EventUndoFinished EventKind = 6
	// EventUndoFailed: all attempts of the undo function failed.
	EventUndoFailed EventKind = 7

	// EventCanceled: an operator canceled the saga, which unwinds.
	EventCanceled EventKind = 8
	// EventPaused: an operator paused the saga. No do or undo starts.
	EventPaused EventKind = 9
	// EventResumed: an operator ended the pause.
	EventResumed EventKind = 10
	// EventStepped: an operator lets one do or undo of a paused saga start.
	EventStepped EventKind = 11
	// EventBreakpointSet: an operator keeps the node from starting.
	EventBreakpointSet EventKind = 12
	// EventBreakpointCleared: an operator removed the breakpoint of the node.
	EventBreakpointCleared EventKind = 13
	// EventUndoRetried: an operator retries an undo that failed. The undo
	// function is about to be called.
	EventUndoRetried EventKind = 14
	// EventMarkedUndone: an operator marked the node undone.
	EventMarkedUndone EventKind = 15
	// EventOutputSupplied: an operator marked the node succeeded and supplied
	// its output.
	EventOutputSupplied EventKind = 16
	// EventAbandoned: an operator abandoned the saga as it is.
	EventAbandoned EventKind = 17
)

// EventKinds returns all kinds, ordered by their numbers.
func EventKinds() []EventKind {
	kinds := make([]EventKind, 0, EventAbandoned)
	for k := EventStarted; k <= EventAbandoned; k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// IsCommand reports whether events of this kind record operator commands.
func (k EventKind) IsCommand() bool { return k >= EventCanceled && k <= EventAbandoned }

var eventKindNames = map[EventKind]string{
	EventStarted:       "started",
	EventSucceeded:     "succeeded",
	EventFailed:        "failed",
	EventIndeterminate: "indeterminate",
	EventUndoStarted:   "undo_started",
	EventUndoFinished:  "undo_finished",
	EventUndoFailed:    "undo_failed",

	EventCanceled:          "canceled",
	EventPaused:            "paused",
	EventResumed:           "resumed",
	EventStepped:           "stepped",
	EventBreakpointSet:     "breakpoint_set",
	EventBreakpointCleared: "breakpoint_cleared",
	EventUndoRetried:       "undo_retried",
	EventMarkedUndone:      "marked_undone",
	EventOutputSupplied:    "output_supplied",
	EventAbandoned:         "abandoned",
}

// String returns the name of the kind, as in "undo_started".
func (k EventKind) String() string {
	if name, ok := eventKindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("event kind %d", uint8(k))
}

// MarshalText implements encoding.TextMarshaler. It returns the name of the
// kind, and an error for an unknown kind.
func (k EventKind) MarshalText() ([]byte, error) {
	if name, ok := eventKindNames[k]; ok {
		return []byte(name), nil
	}
	return nil, fmt.Errorf("event kind %d is unknown", uint8(k))
}

// UnmarshalText implements encoding.TextUnmarshaler. It parses the name of a
// kind.
func (k *EventKind) UnmarshalText(text []byte) error {
	for kind, name := range eventKindNames {
		if name == string(text) {
			*k = kind
			return nil
		}
	}
	return fmt.Errorf("event kind %q is unknown", text)
}
