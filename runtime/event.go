package saga

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is one fact in the log of a saga. The events, in order of Seq, and the DAG are all
// that a saga's state is made of.
type Event struct {
	// Seq counts the events of a saga from 0, without gaps.
	Seq uint64
	// Node is the node that the event tells of; the start node if it tells of the whole saga.
	Node NodeID
	// Kind says what happened.
	Kind EventKind
	// Payload is, as JSON, the output of an EventSucceeded; the ActionError of an EventFailed, an
	// EventIndeterminate and an EventUndoFailed; the Order of what an operator did. Others have none.
	Payload json.RawMessage
	// At is when the coordinator learned of it, by its own clock. It is for people to
	// read; nothing is decided by it.
	At time.Time
}

// EventKind says what an Event tells.
type EventKind uint8

// The kinds of events. Their numbers are stored: they never change.
const (
	// EventStarted: the do function is about to be called.
	EventStarted EventKind = 1
	// EventSucceeded: the do function returned its output.
	EventSucceeded EventKind = 2
	// EventFailed: the do function returned an error, so it changed nothing.
	EventFailed EventKind = 3
	// EventIndeterminate: nobody can say whether the do function changed anything. It
	// panicked, ran out of time, or said so with Indeterminate.
	EventIndeterminate EventKind = 4
	// EventUndoStarted: the undo function is about to be called.
	EventUndoStarted EventKind = 5
	// EventUndoFinished: the undo function returned; what the node did is undone.
	EventUndoFinished EventKind = 6
	// EventUndoFailed: the undo function failed for good.
	EventUndoFailed EventKind = 7

	// EventCanceled: an operator made the saga unwind.
	EventCanceled EventKind = 8
	// EventPaused: an operator wants that nothing starts any more.
	EventPaused EventKind = 9
	// EventResumed: an operator lets the saga go on.
	EventResumed EventKind = 10
	// EventStepped: an operator lets one do or undo start, of a saga that is paused.
	EventStepped EventKind = 11
	// EventBreakpointSet: an operator wants that the node doesn't start.
	EventBreakpointSet EventKind = 12
	// EventBreakpointCleared: an operator lets the node start again.
	EventBreakpointCleared EventKind = 13
	// EventUndoRetried: an operator wants the undo that failed called again; it's about to be.
	EventUndoRetried EventKind = 14
	// EventMarkedUndone: an operator says that what the node did is undone.
	EventMarkedUndone EventKind = 15
	// EventOutputSupplied: an operator says that the node is done, and with which output.
	EventOutputSupplied EventKind = 16
	// EventAbandoned: an operator gave the saga up as it is.
	EventAbandoned EventKind = 17
)

// EventKinds lists all kinds, in the order of their numbers.
func EventKinds() []EventKind {
	kinds := make([]EventKind, 0, EventAbandoned)
	for k := EventStarted; k <= EventAbandoned; k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// IsCommand reports whether an operator causes events of this kind.
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

// String returns the kind's name, as in "undo_started".
func (k EventKind) String() string {
	if name, ok := eventKindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("event kind %d", uint8(k))
}

// MarshalText implements encoding.TextMarshaler with the kind's name.
func (k EventKind) MarshalText() ([]byte, error) {
	if name, ok := eventKindNames[k]; ok {
		return []byte(name), nil
	}
	return nil, fmt.Errorf("event kind %d is unknown", uint8(k))
}

// UnmarshalText implements encoding.TextUnmarshaler for the kind's name.
func (k *EventKind) UnmarshalText(text []byte) error {
	for kind, name := range eventKindNames {
		if name == string(text) {
			*k = kind
			return nil
		}
	}
	return fmt.Errorf("event kind %q is unknown", text)
}
