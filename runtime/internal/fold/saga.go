package fold

import (
	"bytes"
	"fmt"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// Saga is the state of a saga after its log. It is not safe for concurrent use.
type Saga struct {
	DAG     *saga.SagaDAG
	Machine *executor.Machine
	// Started is false for a saga that was created and waits for its start. The
	// log doesn't record the start, so the engine has to.
	Started bool
	// nodeStarted says that a node has started, now or ever.
	nodeStarted bool
}

// Replay sets Machine to the state of a saga with DAG and these events. It
// returns the error of the first event that is illegal, and changes nothing
// then. It never changes DAG, which other goroutines may read, nor Started.
func (s *Saga) Replay(events []engine.Event) error {
	machine, err := executor.Replay(s.DAG.DAG, events)
	if err != nil {
		return err
	}
	s.Machine = machine
	s.nodeStarted = slices.ContainsFunc(events, isNodeEvent)
	return nil
}

// Apply applies the next event. If the event is illegal, it returns the error
// of the machine and changes nothing. A saga that was canceled is started: it
// has to unwind.
func (s *Saga) Apply(e engine.Event) error {
	if err := s.Machine.Apply(e); err != nil {
		return err
	}
	s.nodeStarted = s.nodeStarted || isNodeEvent(e)
	s.Started = s.Started || e.Kind == engine.EventCanceled
	return nil
}

// State returns the state of the saga. A saga whose log, from an import, says
// that it is settled has that state although it was not started.
func (s *Saga) State() saga.State {
	state := s.Machine.State()
	if !s.Started && (!state.Settled() || state == saga.StateSucceeded && !s.nodeStarted) {
		return saga.StateCreated
	}
	return state
}

// isNodeEvent reports whether an event is one of a node, and not a command.
func isNodeEvent(e engine.Event) bool { return !e.Kind.IsCommand() }

// Match returns nil if a saga that exists is the one that log describes: it has
// that DAG with the same parameters, and its events begin with those of log.
// Otherwise the error wraps saga.ErrSagaExists. dag may be nil.
func Match(dag *saga.SagaDAG, events []engine.Event, log *saga.Log) error {
	if dag == nil || !dag.Equal(log.DAG) {
		return fmt.Errorf("saga %s: %w: it has a different DAG or different parameters", log.ID, saga.ErrSagaExists)
	}
	if n := len(log.Events); n > len(events) || !slices.EqualFunc(events[:n], log.Events, SameEvent) {
		return fmt.Errorf("saga %s: %w: it has a different log", log.ID, saga.ErrSagaExists)
	}
	return nil
}

// SameEvent reports whether two events with the same number say the same. The
// time at which they were recorded doesn't matter.
func SameEvent(a, b engine.Event) bool {
	return a.Node == b.Node && a.Kind == b.Kind && bytes.Equal(a.Payload, b.Payload)
}
