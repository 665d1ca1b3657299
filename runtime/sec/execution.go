package sec

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/sec/internal/lazycontext"
	"github.com/sagagen/sagagen/runtime/sec/internal/lease"
	"github.com/sagagen/sagagen/runtime/sec/internal/mailbox"
)

// execution is a saga that a coordinator has in memory.
//
// It has no goroutine of its own. At any time at most one goroutine, the
// driver, takes its mail, applies it, and appends to the log; see
// mailbox.Mailbox. The driver changes from step to step, and what it owns
// passes to the next driver with the mailbox's lock. Before the first step, the
// goroutine that creates or recovers the execution is the driver.
type execution struct {
	// These are set by newExecution and then constant.
	coordinator *Coordinator
	session     *lease.Session // in which it was created or claimed

	// journal is owned by the driver. Its DAG and generation may be read by any
	// goroutine once loaded is closed, as they are constant from then on.
	journal

	// The driver owns these fields.
	launched      bool       // the coordinator's WaitGroup counts it
	runnable      []work     // to be dispatched when pending is durable
	unanswered    []request  // to be answered when pending is durable
	inFlight      int        // tasks whose outcome has not been received
	observedState saga.State // that the observer received last
	// admitted says that the saga was admitted. awaitsAdmission says that it
	// waits, until the driver has noted the admission. idle says that it has
	// nothing to run, because of an operator command or because it has settled.
	admitted, awaitsAdmission, idle bool
	spareOutcomes                   []outcome // memory for the mailbox; saves 4 of 40 allocations
	buffers                         buffers

	// loaded is closed when readers may use the execution. It is never closed
	// if the saga turns out not to exist.
	loaded chan struct{}
	// done is closed when the execution is released: the saga is settled, was
	// lost or never existed, or the coordinator is stopping.
	done        chan struct{}
	releaseOnce sync.Once
	// lifetime is the context of the actions. It ends when the execution is
	// released, or before that with its lease session.
	lifetime lazycontext.Context

	// These are safe for concurrent use.
	snapshot snapshotCell // what readers see; published by the driver
	mail     mailbox.Mailbox[outcome, request]

	// mu guards the fields below.
	mu       sync.Mutex
	injected map[executor.Task]injection
	retrying map[executor.Task]retrying
}

// buffers are the first memory of pending, runnable and the mailbox, allocated
// together with the execution. They are large enough for a stage of a few
// nodes; a chain never needs more. Without them, BenchmarkTrip has 45
// allocations instead of 36.
type buffers struct {
	pending         [4]engine.Event // an outcome and the starts that follow from it
	runnable        [4]work
	outcomes, spare [4]outcome
}

// snapshot is the state of a saga after an append. It is immutable.
type snapshot struct {
	state  saga.State
	events []engine.Event
	// active says that the saga runs or waits for its admission.
	active bool
	// parked is the reason for which this coordinator can't run the saga, or
	// nil. It wraps saga.ErrParked.
	parked error
}

// snapshotCell holds the last snapshot. The driver stores it, any goroutine
// loads it. It copies snapshots: with pointers, BenchmarkTrip has 40
// allocations instead of 36.
type snapshotCell struct {
	mu   sync.Mutex
	set  bool
	last snapshot
}

func (c *snapshotCell) store(v snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set, c.last = true, v
}

// load returns the snapshot that was stored last, and false if there is none
// yet.
func (c *snapshotCell) load() (snapshot, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last, c.set
}

func newExecution(c *Coordinator, id saga.ID) *execution {
	session := c.leases.Current()
	s := &execution{
		coordinator: c,
		session:     session,
		journal:     journal{id: id, pendingAt: now()},
		loaded:      make(chan struct{}),
		done:        make(chan struct{}),
	}
	s.pending, s.runnable, s.spareOutcomes = s.buffers.pending[:0], s.buffers.runnable[:0], s.buffers.spare[:0]
	s.lifetime.Init(session)
	s.mail.Init(s.buffers.outcomes[:0])
	return s
}

// advance takes the runnable tasks from the machine, and adds the events that
// must be durable before they run.
func (s *execution) advance() {
	n := s.Machine.Queued()
	s.runnable, s.pending = slices.Grow(s.runnable, n), slices.Grow(s.pending, n)
	for {
		next, ok := s.Machine.Next()
		if !ok {
			return
		}
		logged := s.Machine.Logged(next)
		t := actionTask{Task: next, recovered: logged && !s.undoRetried[next.Node], outputs: s.Machine.Outputs()}
		delete(s.undoRetried, next.Node)
		if next.Direction == saga.Undo {
			t.output = t.outputs[next.Node]
		}
		switch {
		case logged:
		case next.Direction == saga.Undo:
			s.apply(next.Node, engine.EventUndoStarted, nil)
		default:
			s.apply(next.Node, engine.EventStarted, nil)
		}
		s.runnable = append(s.runnable, work{execution: s, task: t})
	}
}

// committed notes that the pending events are durable, and that the store has
// this state.
func (s *execution) committed(state saga.State) {
	s.observeEvents(s.pending)
	if state != s.observedState {
		s.coordinator.observations.record(Observation{
			Kind: ObservedState, ID: s.id, Name: s.DAG.Name(), Was: s.observedState, State: state,
		})
	}
	s.events = append(s.events, s.pending...)
	s.pending = s.pending[:0] // stores keep no reference to the slice
	s.storedState, s.observedState, s.notified = state, state, false
}

// observeEvents reports durable events to the observer.
func (s *execution) observeEvents(events []engine.Event) {
	observer := s.coordinator.observations
	if !observer.wants(slog.LevelDebug) { // skips the calls of Path
		return
	}
	for _, e := range events {
		observer.record(Observation{
			Kind: ObservedEvent, ID: s.id, Name: s.DAG.Name(), Event: e, Path: s.DAG.Path(e.Node),
		})
	}
}

// publish stores a snapshot of what is durable.
func (s *execution) publish(active bool) {
	s.snapshot.store(snapshot{state: s.storedState, events: slices.Clip(s.events), active: active})
}

// park stores a snapshot with the reason for which this coordinator can't run
// the saga.
func (s *execution) park(reason error) {
	reason = fmt.Errorf("%w: %w", saga.ErrParked, reason)
	s.snapshot.store(snapshot{state: s.storedState, events: slices.Clip(s.events), parked: reason})
}

// isParked reports whether the saga is parked.
func (s *execution) isParked() bool {
	v, _ := s.snapshot.load()
	return v.parked != nil
}

func (s *execution) config() *Config { return &s.coordinator.config }
