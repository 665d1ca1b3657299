package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Log is all that is recorded of a saga. A coordinator can go on from it.
//
// Its JSON has a version and is an object of this form. "node" is the node's index in the
// DAG, "name" its path for people to read; a success has an "output", a failure an "error", and what an operator
// decided an "audit":
//
//	{"version":1,
//	 "saga_id":"0192f0c1-2a3b-7c4d-8e5f-60718293a4b5",
//	 "dag":{"version":1, …},
//	 "events":[
//	   {"seq":0,"node":1,"name":"payment","kind":"started","at":"2026-11-24T08:00:00Z"},
//	   {"seq":1,"node":1,"name":"payment","kind":"succeeded","output":{"Number":"p-1"}}]}
type Log struct {
	ID     ID
	DAG    *SagaDAG
	Events []Event
}

// logVersion is the version of the JSON that is written, and the only one that is read.
const logVersion = 1

type logJSON struct {
	Version int         `json:"version"`
	ID      ID          `json:"saga_id"`
	DAG     *SagaDAG    `json:"dag"`
	Events  []eventJSON `json:"events"`
}

type eventJSON struct {
	Seq    uint64          `json:"seq"`
	Node   NodeID          `json:"node"`
	Name   NodePath        `json:"name,omitempty"`
	Kind   EventKind       `json:"kind"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
	Audit  json.RawMessage `json:"audit,omitempty"`
	At     time.Time       `json:"at,omitzero"`
}

// payload returns the member that holds the payload of an event of that kind.
func (j *eventJSON) payload(kind EventKind) *json.RawMessage {
	switch {
	case kind == EventSucceeded:
		return &j.Output
	case kind.IsCommand():
		return &j.Audit
	}
	return &j.Error
}

// MarshalJSON implements json.Marshaler.
func (l *Log) MarshalJSON() ([]byte, error) {
	if l.DAG == nil {
		return nil, errNoDAG
	}
	out := logJSON{Version: logVersion, ID: l.ID, DAG: l.DAG, Events: make([]eventJSON, len(l.Events))}
	for i, e := range l.Events {
		j := eventJSON{Seq: e.Seq, Node: e.Node, Name: l.path(e.Node), Kind: e.Kind, At: e.At}
		*j.payload(e.Kind) = e.Payload
		out.Events[i] = j
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler. It checks that the events are numbered from 0 and
// name nodes of the DAG; whether they make sense is checked by whoever replays them.
func (l *Log) UnmarshalJSON(text []byte) error {
	var in logJSON
	if err := unmarshalCompact(text, &in); err != nil {
		return fmt.Errorf("saga log: %w", err)
	}
	switch {
	case in.Version != logVersion:
		return fmt.Errorf("saga log: version %d is not known, want %d: it was written by another version of this package", in.Version, logVersion)
	case in.ID.IsZero():
		return errors.New(`saga log: it has no "saga_id"`)
	case in.DAG == nil:
		return errors.New(`saga log: it has no "dag"`)
	}
	events := make([]Event, len(in.Events))
	for i, e := range in.Events {
		if e.Seq != uint64(i) {
			return fmt.Errorf("saga log: event %d has seq %d: events are missing or out of order", i, e.Seq)
		}
		if !in.DAG.Contains(e.Node) || e.Name != "" && e.Name != in.DAG.Path(e.Node) {
			return fmt.Errorf("saga log: event %d is of node %d %q, which the DAG doesn't have", i, e.Node, e.Name)
		}
		if e.Kind == 0 {
			return fmt.Errorf("saga log: event %d has no kind", i)
		}
		events[i] = Event{Seq: e.Seq, Node: e.Node, Kind: e.Kind, Payload: *e.payload(e.Kind), At: e.At}
	}
	l.ID, l.DAG, l.Events = in.ID, in.DAG, events
	return nil
}

// Unwinding reports whether the log says that the saga is being undone, or has been.
func (l *Log) Unwinding() bool {
	return l.Canceled() != nil || slices.ContainsFunc(l.Failures(), func(f Failure) bool { return f.Kind != EventUndoFailed })
}

// Failures returns the failures that the log tells of, in its order, but for those that an operator has put right:
// of a node that was given an output, and of an undo that was called again or declared done.
func (l *Log) Failures() []Failure {
	var failures []Failure
	forget := func(node NodeID, undoOnly bool) {
		failures = slices.DeleteFunc(failures, func(f Failure) bool {
			return f.Node == node && (f.Kind == EventUndoFailed || !undoOnly)
		})
	}
	for _, e := range l.Events {
		switch e.Kind {
		case EventFailed, EventIndeterminate, EventUndoFailed:
			failures = append(failures, Failure{Node: e.Node, Path: l.path(e.Node), Kind: e.Kind, Err: e.failure()})
		case EventOutputSupplied:
			forget(e.Node, false)
		case EventUndoRetried, EventMarkedUndone:
			forget(e.Node, true)
		}
	}
	return failures
}

// Canceled returns the order by which an operator made the saga unwind; nil if none did.
func (l *Log) Canceled() *Audit { return l.lastOrder(EventCanceled) }

// Abandoned returns the order by which an operator gave the saga up; nil if none did.
func (l *Log) Abandoned() *Audit { return l.lastOrder(EventAbandoned) }

func (l *Log) lastOrder(kind EventKind) *Audit {
	for _, e := range slices.Backward(l.Events) {
		if e.Kind == kind {
			o := e.audit()
			return &o
		}
	}
	return nil
}

// path returns a node's path, and nothing for a node that the DAG doesn't have: a log that
// makes no sense is shown too.
func (l *Log) path(id NodeID) NodePath {
	if !l.DAG.Contains(id) {
		return ""
	}
	return l.DAG.Path(id)
}

// failure decodes the payload of a failure. A payload that can't be decoded still is a failure.
func (e *Event) failure() *ActionError {
	err := new(ActionError)
	if json.Unmarshal(e.Payload, err) != nil || err.Reason == "" {
		return &ActionError{Message: fmt.Sprintf("unreadable error: %.100q", Redact(e.Payload)), Reason: ReasonError}
	}
	return err
}

// String returns the log for people to read, an event a line, without outputs.
func (l *Log) String() string {
	var b strings.Builder
	direction := "forward"
	if l.Unwinding() {
		direction = "unwinding"
	}
	fmt.Fprintf(&b, "SAGA LOG:\nsaga id:   %s\nsaga name: %s\ndirection: %s\nevents (%d total):\n\n",
		l.ID, l.DAG.Name(), direction, len(l.Events))
	for _, e := range l.Events {
		fmt.Fprintf(&b, "%03d N%03d %-13s %s", e.Seq+1, e.Node, e.Kind, l.path(e.Node))
		if e.Kind.IsCommand() && l.path(e.Node) != "" {
			b.WriteByte(' ')
		}
		switch e.Kind {
		case EventFailed, EventIndeterminate, EventUndoFailed:
			fmt.Fprintf(&b, ": %s", e.failure().Message)
		}
		if e.Kind.IsCommand() {
			o := e.audit()
			fmt.Fprintf(&b, "by %s: %s", o.By, o.Reason)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
