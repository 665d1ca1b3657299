package sec

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// instance is a saga that a coordinator has in memory.
type instance struct {
	coordinator *Coordinator
	tenure      *tenure // in which it was taken
	id          saga.ID

	// loaded is closed when the fields of the next group are set, or done is closed.
	loaded chan struct{}
	// done is closed when the instance is not the coordinator's any more: the saga is settled, lost, or
	// was never there, or the coordinator shuts down.
	done chan struct{}

	// life ends when the saga isn't the coordinator's any more: with its tenure, or with endLife. It is set by reserve.
	life    context.Context
	endLife context.CancelFunc
	gone    sync.Once

	// Set before loaded is closed, and constant from then on.
	dag        *saga.SagaDAG
	generation uint64
	// view is what readers see. The goroutine that owns the saga publishes it.
	view atomic.Pointer[view]

	// Owned by whoever loads the instance, then by run.
	machine *executor.Machine
	started bool         // false for a saga that was created and waits for Start
	begun   bool         // a node has started, now or ever
	events  []saga.Event // all that are durable
	pending []saga.Event // applied to the machine, and not durable yet
	todo    []job        // to be launched when pending is durable
	replies []chan error // to be told when pending is durable
	clock   time.Time    // when what is pending became known; read once for all that comes together
	flying  int          // workers whose outcome has not been received
	stored  saga.State   // what the store has as the state
	told    saga.State   // what the observer was told as the state
	// admitted says that the saga has one of the coordinator's slots; idle, that it can't use one, as an
	// operator holds it.
	admitted, idle bool

	mail mailbox

	mu       sync.Mutex
	injected map[executor.Task]injection
	retrying map[executor.Task]saga.Retrying
}

// view is an immutable picture of a saga, at the end of an append.
type view struct {
	state  saga.State
	events []saga.Event
	// active says that run works on it.
	active bool
	// parked is why nobody can; nil otherwise.
	parked error
}

func newInstance(c *Coordinator, id saga.ID) *instance {
	return &instance{
		coordinator: c,
		tenure:      c.currentTenure(),
		id:          id,
		loaded:      make(chan struct{}),
		done:        make(chan struct{}),
		mail:        newMailbox(),
		pending:     make([]saga.Event, 0, 4), // an outcome, and what it makes ready
		clock:       now(),
	}
}

// advance takes from the machine what is wanted and not in flight, and notes what has to be durable before it is.
func (s *instance) advance() {
	for {
		t, ok := s.machine.Next()
		if !ok {
			return
		}
		j := job{Task: t, resumed: s.machine.Logged(t), outputs: s.machine.Outputs()}
		if t.Direction == saga.Undo {
			j.output = j.outputs[t.Node]
		}
		switch {
		case j.resumed:
		case t.Direction == saga.Undo:
			s.apply(t.Node, saga.EventUndoStarted, nil)
		default:
			s.apply(t.Node, saga.EventStarted, nil)
		}
		s.todo = append(s.todo, j)
	}
}

// apply adds an event. It panics if the machine refuses it, as what workers report is what the
// machine wanted.
func (s *instance) apply(node saga.NodeID, kind saga.EventKind, payload json.RawMessage) {
	if err := s.tryApply(node, kind, payload); err != nil {
		panic(err)
	}
}

// tryApply adds an event unless the machine refuses it.
func (s *instance) tryApply(node saga.NodeID, kind saga.EventKind, payload json.RawMessage) error {
	e := saga.Event{
		Seq:     s.machine.NextSeq(),
		Node:    node,
		Kind:    kind,
		Payload: payload,
		At:      s.clock,
	}
	if err := s.machine.Apply(e); err != nil {
		return err
	}
	s.pending = append(s.pending, e)
	s.begun = s.begun || !kind.Ordered()
	return nil
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// state returns the saga's state, with what is pending.
func (s *instance) state() saga.State {
	state := s.machine.State()
	if !s.started && !s.begun && (state == saga.StateRunning || state == saga.StateSucceeded) {
		return saga.StateCreated
	}
	return state
}

// committed notes that the pending events are durable, and that the store has this state.
func (s *instance) committed(state saga.State) {
	watched := s.coordinator.observations
	for _, e := range s.pending {
		if !watched.wants(slog.LevelDebug) { // saves the work
			break
		}
		watched.tell(Observation{Kind: ObservedEvent, ID: s.id, Name: s.dag.Name(), Event: e, Path: s.dag.Path(e.Node)})
	}
	if state != s.told {
		watched.tell(Observation{Kind: ObservedState, ID: s.id, Name: s.dag.Name(), Was: s.told, State: state})
	}
	s.events = append(s.events, s.pending...)
	s.pending = s.pending[:0] // stores keep nothing of what they are given
	s.stored, s.told = state, state
}

// publish shows readers what is durable.
func (s *instance) publish(active bool) {
	s.view.Store(&view{state: s.stored, events: s.events, active: active})
}

// park shows readers why the saga can't be gone on with.
func (s *instance) park(reason error) {
	s.view.Store(&view{state: s.stored, events: s.events, parked: fmt.Errorf("%w: %w", saga.ErrParked, reason)})
}

func (s *instance) config() *Config { return &s.coordinator.config }
