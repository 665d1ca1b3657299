package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sagagen/sagagen/runtime/engine"
)

// Log is the complete record of a saga. A coordinator can import and resume it.
//
// Its JSON is versioned and has this form. "node" is the index of the node,
// "name" its path for people to read. A success has an "output", a failure an
// "error", and an operator command an "audit":
//
//	{"version":1,
//	 "saga_id":"0192f0c1-2a3b-7c4d-8e5f-60718293a4b5",
//	 "dag":{"version":1, …},
//	 "events":[
//	   {"seq":0,"node":1,"name":"payment","kind":"started",
//	    "at":"2026-11-24T08:00:00Z"},
//	   {"seq":1,"node":1,"name":"payment","kind":"succeeded",
//	    "output":{"Number":"p-1"}}]}
//
// The JSON contains the values of secrets.
type Log struct {
	ID     ID
	DAG    *SagaDAG
	Events []engine.Event
}

// logVersion is the version that is written, and the only one that is read.
const logVersion = 1

type logJSON struct {
	Version int         `json:"version"`
	ID      ID          `json:"saga_id"`
	DAG     *SagaDAG    `json:"dag"`
	Events  []eventJSON `json:"events"`
}

type eventJSON struct {
	Seq    uint64           `json:"seq"`
	Node   engine.NodeID    `json:"node"`
	Name   NodePath         `json:"name,omitempty"`
	Kind   engine.EventKind `json:"kind"`
	Output json.RawMessage  `json:"output,omitempty"`
	Error  json.RawMessage  `json:"error,omitempty"`
	Audit  json.RawMessage  `json:"audit,omitempty"`
	At     time.Time        `json:"at,omitzero"`
}

// payload returns the field for the payload of an event of that kind.
func (j *eventJSON) payload(kind engine.EventKind) *json.RawMessage {
	switch {
	case kind == engine.EventSucceeded:
		return &j.Output
	case kind.IsCommand():
		return &j.Audit
	}
	return &j.Error
}

// MarshalJSON implements json.Marshaler. It returns an error if the log has no
// DAG.
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

// UnmarshalJSON implements json.Unmarshaler. It returns an error if the version
// is unknown, if the events are not numbered from 0, or if an event names a
// node that the DAG doesn't have. It doesn't check whether the events form a
// legal sequence; replaying them does.
func (l *Log) UnmarshalJSON(text []byte) error {
	var in logJSON
	if err := unmarshalCompact(text, &in); err != nil {
		return fmt.Errorf("saga log: %w", err)
	}
	switch {
	case in.Version != logVersion:
		return fmt.Errorf("saga log: version %d is unknown, want %d: another version of this package wrote it",
			in.Version, logVersion)
	case in.ID.IsZero():
		return errors.New(`saga log: it has no "saga_id"`)
	case in.DAG == nil:
		return errors.New(`saga log: it has no "dag"`)
	}
	events := make([]engine.Event, len(in.Events))
	for i, e := range in.Events {
		if e.Seq != uint64(i) {
			return fmt.Errorf("saga log: event %d has seq %d: events are missing or out of order", i, e.Seq)
		}
		if !in.DAG.Contains(e.Node) || e.Name != "" && e.Name != in.DAG.Path(e.Node) {
			return fmt.Errorf("saga log: event %d: the DAG has no node %d %q", i, e.Node, e.Name)
		}
		if e.Kind == 0 {
			return fmt.Errorf("saga log: event %d has no kind", i)
		}
		events[i] = engine.Event{Seq: e.Seq, Node: e.Node, Kind: e.Kind, Payload: *e.payload(e.Kind), At: e.At}
	}
	l.ID, l.DAG, l.Events = in.ID, in.DAG, events
	return nil
}

// Unwinding reports whether the saga unwinds or has unwound according to the
// log.
func (l *Log) Unwinding() bool {
	isForward := func(f Failure) bool { return f.Kind != engine.EventUndoFailed }
	return l.Canceled() != nil || slices.ContainsFunc(l.Failures(), isForward)
}

// Failures returns the unresolved failures in the order of the log. It leaves
// out those that an operator resolved: all failures of a node whose output was
// supplied, and a failed undo that was retried or marked undone.
func (l *Log) Failures() []Failure {
	var failures []Failure
	resolve := func(node NodePath, undoOnly bool) {
		failures = slices.DeleteFunc(failures, func(f Failure) bool {
			return f.Path == node && (f.Kind == engine.EventUndoFailed || !undoOnly)
		})
	}
	for _, e := range l.Events {
		switch e.Kind {
		case engine.EventFailed, engine.EventIndeterminate, engine.EventUndoFailed:
			failures = append(failures, Failure{Path: l.path(e.Node), Kind: e.Kind, Err: failureOf(&e)})
		case engine.EventOutputSupplied:
			resolve(l.path(e.Node), false)
		case engine.EventUndoRetried, engine.EventMarkedUndone:
			resolve(l.path(e.Node), true)
		}
	}
	return failures
}

// Canceled returns who canceled the saga and why; nil if no operator did.
func (l *Log) Canceled() *Audit { return l.lastCommand(engine.EventCanceled) }

// Abandoned returns who abandoned the saga and why; nil if no operator did.
func (l *Log) Abandoned() *Audit { return l.lastCommand(engine.EventAbandoned) }

func (l *Log) lastCommand(kind engine.EventKind) *Audit {
	for _, e := range slices.Backward(l.Events) {
		if e.Kind == kind {
			audit := auditOf(&e)
			return &audit
		}
	}
	return nil
}

// path returns the path of a node; empty if the DAG doesn't have the node,
// because invalid logs are displayed too.
func (l *Log) path(id engine.NodeID) NodePath {
	if !l.DAG.Contains(id) {
		return ""
	}
	return l.DAG.Path(id)
}

// failureOf decodes the payload of an event that records a failure. A payload
// that can't be decoded is still a failure, of ReasonError.
func failureOf(e *engine.Event) *ActionError {
	err := new(ActionError)
	if json.Unmarshal(e.Payload, err) != nil || err.Reason == "" {
		message := fmt.Sprintf("unreadable error: %.100q", Redact(e.Payload))
		return &ActionError{Message: message, Reason: ReasonError}
	}
	return err
}

// String returns the log in a form for people, one event per line, without
// outputs.
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
		case engine.EventFailed, engine.EventIndeterminate, engine.EventUndoFailed:
			fmt.Fprintf(&b, ": %s", failureOf(&e).Message)
		}
		if e.Kind.IsCommand() {
			audit := auditOf(&e)
			fmt.Fprintf(&b, "by %s: %s", audit.By, audit.Reason)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
