package sec

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"

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
	view viewer

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

	room room
}

// room is what pending, todo and the mailbox have at first, in one piece with the instance: as much as a stage of a few nodes takes. A
// chain never needs more.
type room struct {
	pending         [4]saga.Event // an outcome, and what it makes ready
	todo            [4]job
	outcomes, spare [4]outcome
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

// viewer shows one goroutine's views to all others. It copies, so that the one that shows a new view for each append makes no garbage.
type viewer struct {
	mu    sync.Mutex
	shown bool
	last  view
}

func (w *viewer) show(v view) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shown, w.last = true, v
}

// load returns the view that was shown last, and false if there was none yet.
func (w *viewer) load() (view, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.shown
}

func newInstance(c *Coordinator, id saga.ID) *instance {
	tenure := c.currentTenure()
	s := &instance{
		coordinator: c,
		tenure:      tenure,
		life:        lazy{Context: tenure},
		progress:    progress{id: id, clock: now()},
		loaded:      make(chan struct{}),
		done:        make(chan struct{}),
	}
	s.pending, s.todo, s.spare = s.room.pending[:0], s.room.todo[:0], s.room.spare[:0]
	s.mail.open(s.room.outcomes[:0])
	return s
}

// advance takes from the machine what is wanted and not in flight, and notes what has to be durable before it is.
func (s *instance) advance() {
	n := s.machine.Queued()
	s.todo, s.pending = slices.Grow(s.todo, n), slices.Grow(s.pending, n)
	for {
		t, ok := s.machine.Next()
		if !ok {
			return
		}
		logged := s.machine.Logged(t)
		j := job{Task: t, resumed: logged && !s.retried[t.Node], outputs: s.machine.Outputs()}
		delete(s.retried, t.Node)
		if t.Direction == saga.Undo {
			j.output = j.outputs[t.Node]
		}
		switch {
		case logged:
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
	s.view.show(view{state: s.stored, events: slices.Clip(s.events), active: active})
}

// park shows readers why the saga can't be gone on with.
func (s *instance) park(reason error) {
	s.view.show(view{state: s.stored, events: slices.Clip(s.events), parked: fmt.Errorf("%w: %w", saga.ErrParked, reason)})
}

// isParked reports whether the saga can't be gone on with.
func (s *instance) isParked() bool {
	v, _ := s.view.load()
	return v.parked != nil
}

func (s *instance) config() *Config { return &s.coordinator.config }
