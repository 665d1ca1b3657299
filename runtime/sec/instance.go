package sec

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// instance is a saga that a coordinator has in memory.
type instance struct {
	coordinator *Coordinator
	tenure      *tenure // in which it was taken

	// Its dag and generation are set before loaded is closed, and constant from then on. The rest is owned by whoever loads the
	// instance, then by whoever attends.
	progress

	// loaded is closed when readers may look at the instance, or done is closed.
	loaded chan struct{}
	// done is closed when the instance is not the coordinator's any more: the saga is settled, lost, or
	// was never there, or the coordinator shuts down.
	done chan struct{}

	// life ends when the saga isn't the coordinator's any more: with its tenure, or before.
	life lazy
	gone sync.Once

	// view is what readers see. Whoever attends publishes it.
	view atomic.Pointer[view]

	// Owned by whoever loads the instance, then by whoever attends.
	launched bool       // it is attended to
	todo     []job      // to be launched when pending is durable
	served   []request  // to be replied to when pending is durable
	flying   int        // workers whose outcome has not been received
	told     saga.State // what the observer was told as the state
	// admitted says that the saga has one of the coordinator's slots; idle, that it can't use one, as an
	// operator holds it.
	admitted, idle bool
	waits          bool // for a slot, from when it asks to when it has taken note of the grant

	mail  mailbox
	spare []outcome // the last ones, whose memory the mailbox gets back

	mu       sync.Mutex
	injected map[executor.Task]injection
	retrying map[executor.Task]saga.Retrying
}

// view is an immutable picture of a saga, at the end of an append.
type view struct {
	state  saga.State
	events []saga.Event
	// active says that it runs, or will when it may.
	active bool
	// parked is why nobody can; nil otherwise.
	parked error
}

func newInstance(c *Coordinator, id saga.ID) *instance {
	tenure := c.currentTenure()
	return &instance{
		coordinator: c,
		tenure:      tenure,
		life:        lazy{Context: tenure},
		progress: progress{
			id:      id,
			pending: make([]saga.Event, 0, 4), // an outcome, and what it makes ready
			clock:   now(),
		},
		todo:   make([]job, 0, 4), // a stage
		loaded: make(chan struct{}),
		done:   make(chan struct{}),
		mail:   newMailbox(),
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

// committed notes that the pending events are durable, and that the store has this state.
func (s *instance) committed(state saga.State) {
	s.tell(s.pending)
	if watched := s.coordinator.observations; state != s.told {
		watched.tell(Observation{Kind: ObservedState, ID: s.id, Name: s.dag.Name(), Was: s.told, State: state})
	}
	s.events = append(s.events, s.pending...)
	s.pending = s.pending[:0] // stores keep nothing of what they are given
	s.stored, s.told, s.called = state, state, false
}

// tell tells the observer of events.
func (s *instance) tell(events []saga.Event) {
	watched := s.coordinator.observations
	if !watched.wants(slog.LevelDebug) { // saves the work
		return
	}
	for _, e := range events {
		watched.tell(Observation{Kind: ObservedEvent, ID: s.id, Name: s.dag.Name(), Event: e, Path: s.dag.Path(e.Node)})
	}
}

// publish shows readers what is durable.
func (s *instance) publish(active bool) {
	if v := s.view.Load(); v != nil && v.state == s.stored && len(v.events) == len(s.events) && v.active == active {
		return
	}
	s.view.Store(&view{state: s.stored, events: s.events, active: active})
}

// park shows readers why the saga can't be gone on with.
func (s *instance) park(reason error) {
	s.view.Store(&view{state: s.stored, events: s.events, parked: fmt.Errorf("%w: %w", saga.ErrParked, reason)})
}

func (s *instance) config() *Config { return &s.coordinator.config }
